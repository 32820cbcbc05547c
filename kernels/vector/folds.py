"""Sums over rows, for compiled loops: as exact as NumPy's, in vectors.

A sum runs in blocks: within one in as many lanes as LLVM likes, from block to block in float64.
Parts of the rows, for threads, depend on the shape alone: results do not depend on threads.
"""

from __future__ import annotations

from numba import njit

BLOCK = 512  # elements of a row that are summed in one dtype
PART = 65_536  # elements that a thread takes at a time

strict = njit(error_model="numpy", nogil=True)
summed = njit(error_model="numpy", nogil=True, fastmath={"reassoc", "contract"})
threaded = njit(error_model="numpy", parallel=True)


@strict
def less(x, shift, mean):
    """x - shift - mean, which a sum, free in its order, must not take apart."""
    return (x - shift) - mean


@summed
def sum_of(a, shift):
    """Of a block: the sum of a - shift."""
    s = a.dtype.type(0)
    for i in range(a.size):
        s += less(a[i], shift, a.dtype.type(0))
    return s


@summed
def squares_of(a, shift, mean):
    """Of a block: the sum of (a - shift - mean) ** 2."""
    s = a.dtype.type(0)
    for i in range(a.size):
        d = less(a[i], shift, mean)
        s += d * d
    return s


@strict
def joined(a, shift, middle, n, mean, squares):
    """Mean and sum of squared deviations of n elements together with a block, whose mean is the
    middle. Source: Chan, Golub & LeVeque 1983."""
    away, part = middle - mean, a.size / (n + a.size)
    both = squares + squares_of(a, shift, middle) + away * away * part * n
    return mean + away * part, both


@strict
def rows_of_part(x, together):
    return max(1, PART // (x.shape[1] * together)) * together


@strict
def part(x, k, together):
    """The rows of the k-th part, so many of which belong together."""
    rows = rows_of_part(x, together)
    return slice(k * rows, min(x.shape[0], (k + 1) * rows))


@strict
def parts(x, together):
    """How many parts there are."""
    return -(-x.shape[0] // rows_of_part(x, together))
