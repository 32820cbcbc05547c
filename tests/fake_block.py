"""Blocks of threads without a GPU: C++ in which each thread is a fiber. One runs until it meets
a barrier or a shuffle, then the next one, and so on round the block, so that all threads are
equally far whenever the first one goes on."""

SOURCE = """
#include <math.h>
#include <setjmp.h>
#include <string.h>
#include <ucontext.h>
#define __global__
#define __device__ static
#define __shared__ static
struct Index { int x, y, z; };
static Index blockIdx, threadIdx, blockDim, gridDim;
namespace block {
    const int MOST = 1024, STACK = 1 << 15;
    static ucontext_t fibers[MOST];  // where each begins; to go on is a jump, far faster
    static jmp_buf scheduler, places[MOST];
    static char stacks[MOST][STACK];
    static bool done[MOST], begun[MOST];
    static int now;
    static void (*body)();
    static void give_way() {
        if (!_setjmp(places[now])) _longjmp(scheduler, 1);
    }
    static void begin() {
        body();
        done[now] = true;
        _longjmp(scheduler, 1);
    }
    static void start(int k) {
        getcontext(&fibers[k]);
        fibers[k].uc_stack.ss_sp = stacks[k];
        fibers[k].uc_stack.ss_size = STACK;
        fibers[k].uc_link = 0;
        done[k] = begun[k] = false;
        makecontext(&fibers[k], begin, 0);
    }
    static void go_on(int k) {
        now = k;
        threadIdx.x = k % blockDim.x, threadIdx.y = k / blockDim.x;
        if (_setjmp(scheduler)) return;  // it has given way, or ended
        if (begun[k]) _longjmp(places[k], 1);
        begun[k] = true;
        setcontext(&fibers[k]);
    }
    static void run(void (*kernel)()) {
        const int threads = blockDim.x * blockDim.y;
        body = kernel;
        for (int k = 0; k < threads; k++) start(k);
        for (bool left = true; left;) {
            left = false;
            for (int k = 0; k < threads; k++) {
                if (!done[k]) go_on(k);
                left = left || !done[k];
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
