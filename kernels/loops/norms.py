"""Layers that normalise: mean and variance of a row while it is near, and their gradients.

An element of a row is first taken off all others: equal elements become exactly 0, and a large
offset costs no digits.
"""

import math

import numpy as np
from numba import prange

from fusegrad.kernels.vector.folds import (
    BLOCK,
    joined,
    less,
    part,
    parts,
    strict,
    sum_of,
    summed,
    threaded,
)

SHARES = 16  # of the channels, for threads to take


# ---- of a row -------------------------------------------------------------------------------
@summed
def products_of(g, w, base, a, shift):
    """The sums of a - shift, of g w - base and of g w (a - shift)."""
    zero = g.dtype.type(0)
    m, s, c = zero, zero, zero
    for i in range(g.size):
        d = less(a[i], shift, zero)
        m += d
        s += less(g[i] * w[i], base, zero)
        c += g[i] * w[i] * d
    return m, s, c


@strict
def moments_of(a, is_centred):
    """Of a row: what is taken off first, the mean of the rest, and the variance."""
    T = a.dtype.type
    shift, mean, squares = a[0] if is_centred else T(0), 0.0, 0.0
    for k in range(0, a.size, BLOCK):
        b = a[k : k + BLOCK]
        middle = T(sum_of(b, shift) / b.size) if is_centred else T(0)
        mean, squares = joined(b, shift, middle, k, mean, squares)
    return shift, T(mean), squares / a.size


# ---- weights along a row: layer norm, RMS norm ----------------------------------------------
@strict
def layer_norm(x, w, b, eps, is_centred, y):
    """Rows, for which weights and biases, a row of each, take turns."""
    for r in range(x.shape[0]):
        a, o, v, z = x[r], y[r], w[r % w.shape[0]], b[r % w.shape[0]]
        shift, mean, var = moments_of(a, is_centred)
        scale = x.dtype.type(1 / math.sqrt(var + eps))
        for i in range(a.size):
            o[i] = less(a[i], shift, mean) * scale * v[i] + z[i]


@strict
def slopes_of(g, a, w, eps, is_centred):
    """Of a row: its moments, and what its gradient loses: with u = g w and the row h that was
    normalised, these are mean(u) and mean(u h) h."""
    T = a.dtype.type
    shift, base = (a[0], g[0] * w[0]) if is_centred else (T(0), T(0))
    mean, squares, s, c = 0.0, 0.0, 0.0, 0.0
    for k in range(0, a.size, BLOCK):
        b = slice(k, k + BLOCK)
        m, more, along = products_of(g[b], w[b], base, a[b], shift)
        middle = T(m / a[b].size) if is_centred else T(0)
        mean, squares = joined(a[b], shift, middle, k, mean, squares)
        s, c = s + more, c + along
    size, level = 1 / math.sqrt(squares / a.size + eps), base + s / a.size
    slope = (c / a.size - mean * level) * size
    return shift, T(mean), T(size), T(level) if is_centred else T(0), T(slope)


@strict
def layer_norm_vjp_row(g, a, w, eps, is_centred, o, dw, db):
    """dx of a row; what the row adds to the gradients of weight and bias."""
    shift, mean, scale, level, slope = slopes_of(g, a, w, eps, is_centred)
    for i in range(a.size):
        h = less(a[i], shift, mean) * scale
        o[i] = scale * (less(g[i] * w[i], level, slope * h))
        dw[i] += g[i] * h
    for i in range(a.size):
        db[i] += g[i]


@strict
def layer_norm_vjp_part(g, x, w, eps, is_centred, dx, dw, db):
    dw[:] = 0
    db[:] = 0
    for r in range(x.shape[0]):
        k = r % w.shape[0]
        layer_norm_vjp_row(g[r], x[r], w[k], eps, is_centred, dx[r], dw[k], db[k])


@strict
def layer_norm_vjp(g, x, w, eps, is_centred, dx, dw, db):
    """dx, and for each part of the rows the gradients of weight and bias."""
    for k in range(parts(x, w.shape[0])):
        p = part(x, k, w.shape[0])
        layer_norm_vjp_part(g[p], x[p], w, eps, is_centred, dx[p], dw[k], db[k])


@threaded
def layer_norm_parallel(x, w, b, eps, is_centred, y):
    for k in prange(parts(x, w.shape[0])):
        p = part(x, k, w.shape[0])
        layer_norm(x[p], w, b, eps, is_centred, y[p])


@threaded
def layer_norm_vjp_parallel(g, x, w, eps, is_centred, dx, dw, db):
    for k in prange(parts(x, w.shape[0])):
        p = part(x, k, w.shape[0])
        layer_norm_vjp_part(g[p], x[p], w, eps, is_centred, dx[p], dw[k], db[k])


# ---- a weight for each channel: batch norm; without weights, norms of any axes ---------------
@summed
def sums_along(g, base, a, shift, mean):
    """The sums of g - base and of g (a - shift - mean)."""
    s, c = g.dtype.type(0), g.dtype.type(0)
    for i in range(g.size):
        s += less(g[i], base, g.dtype.type(0))
        c += g[i] * less(a[i], shift, mean)
    return s, c


@strict
def moments(x, first, shift, mean, var):
    """Of the channels of x (examples, channels, positions) from the first on, in the order in
    which they lie."""
    for n in range(x.shape[0]):
        for c in range(shift.size):
            a = x[n, first + c]
            if n == 0:
                shift[c], mean[c], var[c] = a[0], 0, 0
            for k in range(0, a.size, BLOCK):
                b, before = a[k : k + BLOCK], n * a.size + k
                middle = x.dtype.type(sum_of(b, shift[c]) / b.size)
                mean[c], var[c] = joined(b, shift[c], middle, before, mean[c], var[c])
    for c in range(shift.size):
        var[c] /= x.shape[0] * x.shape[2]


@strict
def sums(g, x, first, shift, mean, level, along):
    """Of each channel: the mean of g, and the sum of g times what x is beyond its mean."""
    T = x.dtype.type
    level[:], along[:] = 0, 0
    for n in range(x.shape[0]):
        for c in range(shift.size):
            a, u, base = x[n, first + c], g[n, first + c], g[0, first + c, 0]
            for k in range(0, a.size, BLOCK):
                b = slice(k, k + BLOCK)
                s, d = sums_along(u[b], base, a[b], shift[c], T(mean[c]))
                level[c], along[c] = level[c] + s, along[c] + d
    for c in range(shift.size):
        level[c] = g[0, first + c, 0] + level[c] / (x.shape[0] * x.shape[2])


@strict
def channel_norm_some(x, w, b, eps, y, first, count):
    T = x.dtype.type
    shift, mean, var = np.empty(count, x.dtype), np.empty(count), np.empty(count)
    moments(x, first, shift, mean, var)
    for n in range(x.shape[0]):
        for c in range(count):
            a, o, v, z = x[n, first + c], y[n, first + c], w[first + c], b[first + c]
            s, m, scale = shift[c], T(mean[c]), T(1 / math.sqrt(var[c] + eps))
            for i in range(a.size):
                o[i] = less(a[i], s, m) * scale * v + z


@strict
def channel_norm_vjp_some(g, x, w, eps, dx, dw, db, first, count):
    T, size = x.dtype.type, x.shape[0] * x.shape[2]
    shift, mean, var = np.empty(count, x.dtype), np.empty(count), np.empty(count)
    level, along = np.empty(count), np.empty(count)
    moments(x, first, shift, mean, var)
    sums(g, x, first, shift, mean, level, along)
    for n in range(x.shape[0]):
        for c in range(count):
            u, a, o = g[n, first + c], x[n, first + c], dx[n, first + c]
            scale = 1 / math.sqrt(var[c] + eps)
            if n == 0:
                dw[first + c], db[first + c] = along[c] * scale, level[c] * size
            s, m, middle = shift[c], T(mean[c]), T(level[c])
            slope, by = T(along[c] / size * scale * scale), T(w[first + c] * scale)
            for i in range(a.size):
                o[i] = by * less(u[i], middle, slope * less(a[i], s, m))


@strict
def channel_norm(x, w, b, eps, y):
    channel_norm_some(x, w, b, eps, y, 0, w.size)


@strict
def channel_norm_vjp(g, x, w, eps, dx, dw, db):
    channel_norm_vjp_some(g, x, w, eps, dx, dw, db, 0, w.size)


@threaded
def channel_norm_parallel(x, w, b, eps, y):
    size = -(-w.size // SHARES)
    for k in prange(-(-w.size // size)):
        channel_norm_some(x, w, b, eps, y, k * size, min(size, w.size - k * size))


@threaded
def channel_norm_vjp_parallel(g, x, w, eps, dx, dw, db):
    size = -(-w.size // SHARES)
    for k in prange(-(-w.size // size)):
        first, count = k * size, min(size, w.size - k * size)
        channel_norm_vjp_some(g, x, w, eps, dx, dw, db, first, count)
