"""Philox4x32-10, four words a block: see `philox.py`, which this repeats word for word."""

from numba import njit, prange
from numpy import uint32, uint64

CHUNK = 65_536  # blocks a thread takes at a time


@njit(error_model="numpy", nogil=True)
def mixed(state):
    """One round, and the keys of the next."""
    c0, c1, c2, c3, k0, k1 = state
    a, b = uint64(c0) * uint64(0xD2511F53), uint64(c2) * uint64(0xCD9E8D57)
    left, right = uint32(b >> uint64(32)) ^ c1 ^ k0, uint32(a >> uint64(32)) ^ c3 ^ k1
    keys = uint32(k0 + uint32(0x9E3779B9)), uint32(k1 + uint32(0xBB67AE85))
    return left, uint32(b), right, uint32(a), keys[0], keys[1]


@njit(error_model="numpy", nogil=True)
def kept(k0, k1, threshold, first, out):
    """Whether each word reaches the threshold, one a byte, for the blocks from `first` on."""
    zero = uint32(0)
    for i in range(out.size):
        n = first + i
        state = (uint32(n), uint32(n >> 32), zero, zero, k0, k1)
        state = mixed(mixed(mixed(mixed(mixed(state)))))
        c0, c1, c2, c3, _, _ = mixed(mixed(mixed(mixed(mixed(state)))))
        low = uint32(c0 >= threshold) | (uint32(c1 >= threshold) << uint32(8))
        high = uint32(c2 >= threshold) | (uint32(c3 >= threshold) << uint32(8))
        out[i] = low | (high << uint32(16))


@njit(error_model="numpy", parallel=True)
def kept_by_threads(k0, k1, threshold, out):
    """`kept` from block 0, in chunks."""
    for chunk in prange((out.size + CHUNK - 1) // CHUNK):
        first = chunk * CHUNK
        kept(k0, k1, threshold, first, out[first : first + CHUNK])
