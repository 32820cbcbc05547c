"""Products of a sparse matrix X, held row by row, and a dense one.

The entries of row i are k = starts[i] to starts[i + 1]: data[k] in column indices[k]. Unsigned
numbers of columns spare a test for negative ones. The order of every sum depends on X and on
the number of columns of the dense matrix alone, so that any number of threads gives the same.
"""

import numpy as np
from numba import njit, prange


@njit(error_model="numpy", nogil=True)
def rows(data, indices, starts, w, y):
    """y = X w, for rows of w long enough to be added as vectors."""
    for i in range(y.shape[0]):
        total = y[i]
        total[:] = 0
        for k in range(starts[i], starts[i + 1]):
            x, line = data[k], w[np.uint64(indices[k])]
            for d in range(total.size):
                total[d] += x * line[d]


@njit(error_model="numpy", parallel=True)
def rows_parallel(data, indices, starts, w, y):
    n = y.shape[0]
    for block in prange((n + 63) // 64):
        lo = block * 64
        hi = min(n, lo + 64)
        rows(data, indices, starts[lo : hi + 1], w, y[lo:hi])


@njit(error_model="numpy", nogil=True)
def rows_turned(data, indices, starts, g, y):
    """y = X^T g, for rows of g long enough to be added as vectors."""
    y[:] = 0
    for i in range(g.shape[0]):
        line = g[i]
        for k in range(starts[i], starts[i + 1]):
            x, total = data[k], y[np.uint64(indices[k])]
            for d in range(line.size):
                total[d] += x * line[d]


@njit(error_model="numpy", nogil=True)
def dot(x, at, column):
    """The sum of x[k] column[at[k]], as four sums, which do not wait for each other."""
    zero = x.dtype.type(0)
    a, b, c, d = zero, zero, zero, zero
    fours = x.size // 4
    for q in range(fours):
        k = 4 * q
        a += x[k] * column[np.uint64(at[k])]
        b += x[k + 1] * column[np.uint64(at[k + 1])]
        c += x[k + 2] * column[np.uint64(at[k + 2])]
        d += x[k + 3] * column[np.uint64(at[k + 3])]
    for k in range(4 * fours, x.size):
        a += x[k] * column[np.uint64(at[k])]
    return (a + b) + (c + d)


@njit(error_model="numpy", nogil=True)
def columns(data, indices, starts, w, y):
    """y = X w, a column of w at a time: where there are too few to be added as vectors."""
    for d in range(y.shape[1]):
        column = w[:, d]
        for i in range(y.shape[0]):
            row = slice(starts[i], starts[i + 1])
            y[i, d] = dot(data[row], indices[row], column)


@njit(error_model="numpy", nogil=True)
def columns_turned(data, indices, starts, g, y):
    """y = X^T g, a column of g at a time."""
    for d in range(y.shape[1]):
        column = y[:, d]
        column[:] = 0
        for i in range(g.shape[0]):
            x, at = data[starts[i] : starts[i + 1]], indices[starts[i] : starts[i + 1]]
            factor = g[i, d]
            for k in range(x.size):
                column[np.uint64(at[k])] += x[k] * factor
