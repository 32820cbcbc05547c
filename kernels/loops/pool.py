"""Pools of large planes, a few planes at a time: see `vector/parts.py` for how they lie."""

from numba import njit, prange

from fusegrad.kernels.vector.parts import copy, join, part


# ---- folds ----------------------------------------------------------------------------------
@njit(error_model="numpy", nogil=True)
def larger(y, x):
    for k in range(len(y)):
        y[k] = x[k] if x[k] > y[k] or x[k] != x[k] else y[k]


@njit(error_model="numpy", nogil=True)
def plus(y, x):
    for k in range(len(x)):
        y[k] += x[k]


@njit(error_model="numpy", nogil=True)
def count_tops(y, x, top):
    one, none = y.dtype.type(1), y.dtype.type(0)
    for k in range(len(top)):
        y[k] += one if (x[k] == top[k]) | (x[k] != x[k]) else none


@njit(error_model="numpy", nogil=True)
def plus_where_top(y, x, top, share):
    none = y.dtype.type(0)
    for k in range(len(top)):
        y[k] += share[k] if (x[k] == top[k]) | (x[k] != x[k]) else none


@njit(error_model="numpy", nogil=True)
def divide(x, y):
    none = x.dtype.type(0)
    for k in range(len(x)):
        x[k] = x[k] / y[k] if y[k] > none else none


@njit(error_model="numpy", nogil=True)
def over(x, counts):
    for p in range(len(x)):
        for i in range(len(counts)):
            for j in range(counts.shape[1]):
                x[p, i, j] /= counts[i, j]


@njit(error_model="numpy", nogil=True)
def flat(parts, shift, count):
    """What all windows see as one of their elements."""
    return parts[shift[0]].ravel()[shift[1] :][:count]


# ---- forward --------------------------------------------------------------------------------
@njit(error_model="numpy", nogil=True)
def forward(is_max, x, y, counts, shifts, count, stride, before, parts, lines, first, last):
    """Some of the planes. `shifts` says of each element of a window in which part it lies, and
    shifted by what; the last window of a group of planes is the one before `count`. Parts hold
    the border's value at first. `counts` says what a sum is divided by.

    Shapes: x (planes, H, W), y (planes, TH, TW), parts (parts, P, deep, wide), lines
    (1, P, deep, wide), counts (TH, TW).
    """
    line, start = lines[0].ravel()[:count], x.dtype.type(0)
    if is_max:
        start = -x.dtype.type(1) / start
    for p in range(first, last, parts.shape[1]):
        some = slice(p, min(last, p + parts.shape[1]))
        part(x[some], parts, stride, before)
        line[:] = start
        for k in range(len(shifts)):
            if is_max:
                larger(line, flat(parts, shifts[k], count))
            else:
                plus(line, flat(parts, shifts[k], count))
        to = y[some]
        copy(lines[0], to, to.shape[1], to.shape[2])
        if not is_max:
            over(to, counts)


@njit(error_model="numpy", parallel=True)
def forward_parallel(is_max, x, y, counts, shifts, count, stride, before, parts, lines):
    threads, planes = len(parts), len(x)
    for t in prange(threads):
        a, b = t * planes // threads, (t + 1) * planes // threads
        forward(is_max, x, y, counts, shifts, count, stride, before, parts[t], lines[t], a, b)


# ---- backward -------------------------------------------------------------------------------
@njit(error_model="numpy", nogil=True)
def shares(x, y, shifts, count, stride, before, parts, lines):
    """Each window's gradient over the number of its largest elements; 0 between windows."""
    part(x, parts, stride, before)
    copy(y, lines[1], y.shape[1], y.shape[2])
    share, top = lines[0].ravel()[:count], lines[1].ravel()[:count]
    tops = lines[2].ravel()[:count]
    tops[:] = 0
    for k in range(len(shifts)):
        count_tops(tops, flat(parts, shifts[k], count), top)
    divide(share, tops)


@njit(error_model="numpy", nogil=True)
def backward(is_max, x, y, g, dx, counts, shifts, count, stride, before, parts, given, lines,
             first, last):  # fmt: skip
    """As `forward`. `given` are parts of the gradient, lines (3, P, deep, wide)."""
    share, top = lines[0].ravel()[:count], lines[1].ravel()[:count]
    for p in range(first, last, parts.shape[1]):
        some = slice(p, min(last, p + parts.shape[1]))
        copy(g[some], lines[0], g.shape[1], g.shape[2])
        if is_max:
            shares(x[some], y[some], shifts, count, stride, before, parts, lines)
        else:
            over(lines[0], counts)
        given[:] = 0
        for k in range(len(shifts)):
            to = flat(given, shifts[k], count)
            if is_max:
                plus_where_top(to, flat(parts, shifts[k], count), top, share)
            else:
                plus(to, share)
        join(given, dx[some], stride, before)


@njit(error_model="numpy", parallel=True)
def backward_parallel(is_max, x, y, g, dx, counts, shifts, count, stride, before, parts, given,
                      lines):  # fmt: skip
    threads, planes = len(parts), len(x)
    for t in prange(threads):
        a, b = t * planes // threads, (t + 1) * planes // threads
        backward(is_max, x, y, g, dx, counts, shifts, count, stride, before, parts[t], given[t],
                 lines[t], a, b)  # fmt: skip
