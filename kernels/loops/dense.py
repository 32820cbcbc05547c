"""Loops around the matrix products of dense layers."""

from numba import njit

SIDE = 16  # columns at a time: the floats of one cache line, and the lanes of one vector


@njit(error_model="numpy", nogil=True)
def turned(t, bias, y):
    """y = t^T + bias. Shapes: t (columns, rows), bias (columns,), y (rows, columns)."""
    rows, columns = y.shape
    whole = columns - columns % SIDE
    for first in range(0, whole, SIDE):
        strip, some = t[first : first + SIDE], bias[first : first + SIDE]
        for r in range(rows):
            row = y[r, first : first + SIDE]
            for k in range(SIDE):
                row[k] = strip[k, r] + some[k]
    for c in range(whole, columns):
        for r in range(rows):
            y[r, c] = t[c, r] + bias[c]
