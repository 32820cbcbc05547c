"""Philox on a GPU: the masks of `philox.py`, bit for bit, drawn where they are used."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .device import module_for
from .on_cuda import OPTIONS, THREADS

SOURCE = """\
// Whether each of four words reaches the threshold, one a byte, for each block of four.
extern "C" __global__ void kept(
    unsigned int k0, unsigned int k1, unsigned int threshold, long long blocks,
    unsigned int* out) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= blocks) return;
    unsigned int c0 = (unsigned int)i, c1 = (unsigned int)(i >> 32), c2 = 0, c3 = 0;
    for (int round = 0; round < 10; round++) {
        const unsigned long long a = 0xD2511F53ULL * c0, b = 0xCD9E8D57ULL * c2;
        const unsigned int left = (unsigned int)(b >> 32) ^ c1 ^ k0;
        const unsigned int right = (unsigned int)(a >> 32) ^ c3 ^ k1;
        c0 = left, c1 = (unsigned int)b, c2 = right, c3 = (unsigned int)a;
        k0 += 0x9E3779B9U, k1 += 0xBB67AE85U;
    }
    out[i] = (unsigned int)(c0 >= threshold) | (unsigned int)(c1 >= threshold) << 8
        | (unsigned int)(c2 >= threshold) << 16 | (unsigned int)(c3 >= threshold) << 24;
}
"""


@cache
def _kernel(cupy: Any) -> Any:
    return cupy.RawKernel(SOURCE, "kept", options=OPTIONS)


def kept(keys: tuple[int, int], count: int, threshold: int) -> Any:
    """Truth values on the GPU: as many bytes as four to a block, of which the last may have too
    many. Shapes: (count,)."""
    cupy, blocks = module_for("cuda"), -(-count // 4)
    out = cupy.empty((max(blocks, 1),), np.uint32)
    given = (*map(np.uint32, (*keys, threshold)), np.int64(blocks), out)
    _kernel(cupy)((-(-len(out) // THREADS),), (THREADS,), given)
    return out.view(np.bool_)[:count]
