"""Kernels that go along an axis and carry what they have so far. float16 is carried in float32
and rounded at the end."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .compiled import compile_source
from .device import is_cuda, module_of
from .kernel import kernel
from .reduce import rounded, wide

# Steps from which a compiled loop is worth starting a compiler for.
NUMBA_FROM = 16_384
LOOP = """\
from numba import njit


@njit(error_model="numpy", nogil=True)
def steps(a, y):
    for i in range(1, y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] += a[i, j] * y[i - 1, j]
"""


@cache
def _compiled() -> Any:
    return compile_source("linear_recurrence", LOOP)


@kernel
def cumsum(x: Any, *, axis: int) -> Any:
    """The sum of each element and those before it along an axis."""
    return rounded(x.cumsum(axis=axis, dtype=wide(x)), x)


@kernel
def cumprod(x: Any, *, axis: int) -> Any:
    """The product of each element and those before it along an axis."""
    return rounded(x.cumprod(axis=axis, dtype=wide(x)), x)


@kernel
def linear_recurrence(a: Any, b: Any, *, axis: int) -> Any:
    """y_i = a_i y_(i-1) + b_i along an axis, and y_0 = b_0; the first of a is not read.

    Shapes: a and b of one length along the axis; the others broadcast.
    """
    xp = module_of(a, b)
    dtype = xp.result_type(a, b)
    shape = np.broadcast_shapes(a.shape, b.shape)
    a, b = (xp.moveaxis(xp.broadcast_to(xp.asarray(x), shape), axis, 0) for x in (a, b))
    y = xp.array(b, dtype="float32" if dtype == "float16" else dtype, order="C")
    if len(y) >= NUMBA_FROM and not is_cuda(y) and y.dtype.kind == "f":
        rows = (len(y), -1)
        a = np.array(a, y.dtype, order="C").reshape(rows)
        _compiled().steps(a, y.reshape(rows))
    else:
        for i in range(1, len(y)):
            y[i] += a[i] * y[i - 1]
    return xp.moveaxis(y, 0, axis).astype(dtype, copy=False)


@kernel
def is_first(x: Any, *, axis: int) -> Any:
    """Whether an element is the first along an axis. Shapes: x -> (n, 1, ..., 1), n being x's
    length along the axis, which broadcasts with x."""
    return (module_of(x).arange(x.shape[axis]) == 0).reshape(-1, *[1] * (x.ndim - 1 - axis))
