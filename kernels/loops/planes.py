"""Convolution plane by plane, for groups of few channels: see `vector/parts.py` for how planes
lie. `shifts` says of each element of a filter in which part it meets a plane, and shifted by
what; all places of a plane are the first `count` of such a run.

Shapes: x (N, G, C, H, W), w (G, O, C, elements), y and u (N, G, O, TH, TW), parts (parts, C,
deep, wide), lines (O, deep, wide).
"""

from numba import njit, prange

from fusegrad.kernels.vector.parts import copy, join, part


@njit(error_model="numpy", nogil=True, fastmath={"contract"})
def add(y, x, factor):
    for k in range(len(y)):
        y[k] += factor * x[k]


@njit(error_model="numpy", nogil=True, fastmath={"contract", "reassoc"})
def inner(x, u, is_place):
    """The sum over places; what stands between them may be nan in x."""
    none = x.dtype.type(0)
    total = none
    for k in range(len(u)):
        total += x[k] * u[k] if is_place[k] else none
    return total


@njit(error_model="numpy", nogil=True)
def flat(parts, channel, shift, count):
    """What one element of a filter meets of one plane."""
    return parts[shift[0], channel].ravel()[shift[1] :][:count]


@njit(error_model="numpy", nogil=True)
def convolve(x, w, bias, y, shifts, count, stride, before, parts, lines, first, last):
    """Some of the images. Shapes: bias (G, O)."""
    for n in range(first, last):
        for g in range(len(w)):
            part(x[n, g], parts, stride, before)
            for o in range(w.shape[1]):
                line = lines[o].ravel()[:count]
                line[:] = bias[g, o]
                for c in range(w.shape[2]):
                    for k in range(len(shifts)):
                        add(line, flat(parts, c, shifts[k], count), w[g, o, c, k])
            copy(lines, y[n, g], y.shape[3], y.shape[4])


@njit(error_model="numpy", parallel=True)
def convolve_parallel(x, w, bias, y, shifts, count, stride, before, parts, lines):
    threads = len(parts)
    for t in prange(threads):
        a, b = t * len(y) // threads, (t + 1) * len(y) // threads
        convolve(x, w, bias, y, shifts, count, stride, before, parts[t], lines[t], a, b)


@njit(error_model="numpy", nogil=True)
def transposed(u, w, x, shifts, count, stride, before, parts, lines, first, last):
    """Some of the images, which are made; between its places a line is 0."""
    for n in range(first, last):
        for g in range(len(w)):
            copy(u[n, g], lines, u.shape[3], u.shape[4])
            parts[:] = 0
            for o in range(w.shape[1]):
                line = lines[o].ravel()[:count]
                for c in range(w.shape[2]):
                    for k in range(len(shifts)):
                        add(flat(parts, c, shifts[k], count), line, w[g, o, c, k])
            join(parts, x[n, g], stride, before)


@njit(error_model="numpy", parallel=True)
def transposed_parallel(u, w, x, shifts, count, stride, before, parts, lines):
    threads = len(parts)
    for t in prange(threads):
        a, b = t * len(x) // threads, (t + 1) * len(x) // threads
        transposed(u, w, x, shifts, count, stride, before, parts[t], lines[t], a, b)


@njit(error_model="numpy", nogil=True)
def gradient(x, u, w, is_place, shifts, count, stride, before, parts, lines, first, last):
    """Some of the groups; w is zeros at first."""
    for g in range(first, last):
        for n in range(len(x)):
            part(x[n, g], parts, stride, before)
            copy(u[n, g], lines, u.shape[3], u.shape[4])
            for o in range(w.shape[1]):
                line = lines[o].ravel()[:count]
                for c in range(w.shape[2]):
                    for k in range(len(shifts)):
                        seen = flat(parts, c, shifts[k], count)
                        w[g, o, c, k] += inner(seen, line, is_place)


@njit(error_model="numpy", parallel=True)
def gradient_parallel(x, u, w, is_place, shifts, count, stride, before, parts, lines):
    threads, groups = len(parts), len(w)
    for t in prange(threads):
        a, b = t * groups // threads, (t + 1) * groups // threads
        gradient(
            x, u, w, is_place, shifts, count, stride, before, parts[t], lines[t], a, b
        )  # fmt: skip


# ---- sums -----------------------------------------------------------------------------------
@njit(error_model="numpy", nogil=True, fastmath={"reassoc"})
def total(x):
    found = x.dtype.type(0)
    for k in range(len(x)):
        found += x[k]
    return found


@njit(error_model="numpy", nogil=True)
def sums(x, y, first, last):
    """Of some channels. Shapes: x (N, O, places), y (O,)."""
    for n in range(len(x)):
        for o in range(first, last):
            y[o] += total(x[n, o])


@njit(error_model="numpy", parallel=True)
def sums_parallel(x, y):
    for o in prange(len(y)):
        sums(x, y, o, o + 1)
