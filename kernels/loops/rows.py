"""Softmax and what is made of it, a row at a time, while the row is near."""

import math

import numpy as np
from numba import prange

from fusegrad.kernels.vector.folds import (
    BLOCK,
    less,
    part,
    parts,
    strict,
    sum_of,
    summed,
    threaded,
)
from fusegrad.kernels.vector.instructions import bits, number
from fusegrad.kernels.vector_math import exp


# ---- parts of a row -------------------------------------------------------------------------
@strict
def shift_of(a):
    """The largest, or the float next to it where that is infinite. Read as whole numbers floats
    keep their order, or have the opposite one if they are negative: these LLVM folds with
    vectors, and floats, for the sake of nan, not. A nan shows itself later, in the sum."""
    high, low = bits(a[0]), bits(a[0])
    for i in range(a.size):
        k = bits(a[i])
        high = k if k > high else high
        low = k if k < low else low
    top, limit = number(high) if high >= 0 else number(low), np.finfo(a.dtype).max
    return min(max(top, -limit), limit)


@summed
def product_of(a, b):
    s = a.dtype.type(0)
    for i in range(a.size):
        s += a[i] * b[i]
    return s


@summed
def exp_of(a, shift):
    s = a.dtype.type(0)
    for i in range(a.size):
        s += exp(less(a[i], shift, a.dtype.type(0)))
    return s


@summed
def exp_into(a, shift, o):
    s = a.dtype.type(0)
    for i in range(a.size):
        o[i] = exp(less(a[i], shift, a.dtype.type(0)))
        s += o[i]
    return s


@strict
def sum_of_exp(a, shift):
    """The sum of exp(a - shift), in float64."""
    s = 0.0
    for k in range(0, a.size, BLOCK):
        s += exp_of(a[k : k + BLOCK], shift)
    return s


@strict
def written_exp(a, shift, o):
    """The same, with every term written down."""
    s = 0.0
    for k in range(0, a.size, BLOCK):
        s += exp_into(a[k : k + BLOCK], shift, o[k : k + BLOCK])
    return s


@strict
def scale(o, by):
    for i in range(o.size):
        o[i] *= by


# ---- kernels --------------------------------------------------------------------------------
@strict
def logsumexp(x, y):
    for r in range(x.shape[0]):
        shift = shift_of(x[r])
        y[r] = math.log(sum_of_exp(x[r], shift)) + shift


@strict
def softmax(x, y):
    for r in range(x.shape[0]):
        s = written_exp(x[r], shift_of(x[r]), y[r])
        scale(y[r], x.dtype.type(1 / s))


@strict
def log_softmax(x, y):
    for r in range(x.shape[0]):
        a, o, shift = x[r], y[r], shift_of(x[r])
        size = x.dtype.type(math.log(sum_of_exp(a, shift)))
        for i in range(a.size):
            o[i] = a[i] - shift - size


@strict
def cross_entropy(x, labels, y):
    for r in range(x.shape[0]):
        shift = shift_of(x[r])
        y[r] = math.log(sum_of_exp(x[r], shift)) - (x[r, labels[r]] - shift)


@strict
def logsumexp_vjp(g, x, y, dx):
    for r in range(x.shape[0]):
        a, o = x[r], dx[r]
        shift = y[r] if y[r] > -math.inf else x.dtype.type(0)
        for i in range(a.size):
            o[i] = g[r] * exp(a[i] - shift)


@strict
def softmax_vjp(g, y, dx):
    for r in range(y.shape[0]):
        a, p, o, s = g[r], y[r], dx[r], 0.0
        for k in range(0, a.size, BLOCK):
            s += product_of(a[k : k + BLOCK], p[k : k + BLOCK])
        mean = y.dtype.type(s)
        for i in range(a.size):
            o[i] = p[i] * (a[i] - mean)


@strict
def log_softmax_vjp(g, y, dx):
    for r in range(y.shape[0]):
        a, b, o, s = g[r], y[r], dx[r], 0.0
        for k in range(0, a.size, BLOCK):
            s += sum_of(a[k : k + BLOCK], y.dtype.type(0))
        total = y.dtype.type(s)
        for i in range(a.size):
            o[i] = a[i] - exp(b[i]) * total


@strict
def cross_entropy_vjp(g, x, labels, dx):
    for r in range(x.shape[0]):
        o, label = dx[r], labels[r]
        s = written_exp(x[r], shift_of(x[r]), o)
        true = o[label]
        scale(o, x.dtype.type(g[r] / s))
        o[label] = x.dtype.type(true / s - 1) * g[r]


# ---- parts for threads ----------------------------------------------------------------------
@threaded
def logsumexp_parallel(x, y):
    for k in prange(parts(x, 1)):
        p = part(x, k, 1)
        logsumexp(x[p], y[p])


@threaded
def softmax_parallel(x, y):
    for k in prange(parts(x, 1)):
        p = part(x, k, 1)
        softmax(x[p], y[p])


@threaded
def log_softmax_parallel(x, y):
    for k in prange(parts(x, 1)):
        p = part(x, k, 1)
        log_softmax(x[p], y[p])


@threaded
def cross_entropy_parallel(x, labels, y):
    for k in prange(parts(x, 1)):
        p = part(x, k, 1)
        cross_entropy(x[p], labels[p], y[p])


@threaded
def logsumexp_vjp_parallel(g, x, y, dx):
    for k in prange(parts(x, 1)):
        p = part(x, k, 1)
        logsumexp_vjp(g[p], x[p], y[p], dx[p])


@threaded
def softmax_vjp_parallel(g, y, dx):
    for k in prange(parts(y, 1)):
        p = part(y, k, 1)
        softmax_vjp(g[p], y[p], dx[p])


@threaded
def log_softmax_vjp_parallel(g, y, dx):
    for k in prange(parts(y, 1)):
        p = part(y, k, 1)
        log_softmax_vjp(g[p], y[p], dx[p])


@threaded
def cross_entropy_vjp_parallel(g, x, labels, dx):
    for k in prange(parts(x, 1)):
        p = part(x, k, 1)
        cross_entropy_vjp(g[p], x[p], labels[p], dx[p])
