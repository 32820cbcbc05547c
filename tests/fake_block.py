"""Blocks of threads without a GPU: C++ in which each thread is a fiber. One runs until it meets
a barrier or a shuffle, then the next one, and so on round the block, so that all threads are
equally far whenever the first one goes on."""

SOURCE = """
#include <math.h>
#include <string.h>
#include <ucontext.h>
#define __global__
#define __device__ static
#define __shared__ static
struct Index { int x, y, z; };
static Index blockIdx, threadIdx, blockDim, gridDim;
namespace block {
    const int MOST = 1024, STACK = 1 << 15;
    static ucontext_t scheduler, fibers[MOST];
    static char stacks[MOST][STACK];
    static bool done[MOST];
    static int now;
    static void (*body)();
    static void give_way() {
        const int me = now;
        swapcontext(&fibers[me], &scheduler);
    }
    static void begin() {
        body();
        done[now] = true;
    }
    static void start(int k) {
        getcontext(&fibers[k]);
        fibers[k].uc_stack.ss_sp = stacks[k];
        fibers[k].uc_stack.ss_size = STACK;
        fibers[k].uc_link = &scheduler;
        done[k] = false;
        makecontext(&fibers[k], begin, 0);
    }
    static void run(void (*kernel)()) {
        const int threads = blockDim.x * blockDim.y;
        body = kernel;
        for (int k = 0; k < threads; k++) start(k);
        for (bool left = true; left;) {
            left = false;
            for (now = 0; now < threads; now++)
                if (!done[now]) {
                    threadIdx.x = now % blockDim.x, threadIdx.y = now / blockDim.x;
                    swapcontext(&scheduler, &fibers[now]);
                    left = left || !done[now];
                }
        }
    }
}
static void __syncthreads() { block::give_way(); }
template <class V> static V __shfl_xor_sync(unsigned mask, V x, int d) {
    static V slots[block::MOST];
    const int me = block::now;
    slots[me] = x;
    block::give_way();
    const V other = slots[me ^ d];
    block::give_way();
    return other;
}
"""
HALF = """
static float load(unsigned short x) { _Float16 y; memcpy(&y, &x, 2); return y; }
static unsigned short stored(float x) {
    const _Float16 y = (_Float16)x;
    unsigned short z;
    memcpy(&z, &y, 2);
    return z;
}
"""
