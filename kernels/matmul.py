"""Matrix products, left to the BLAS under NumPy and to cuBLAS under CuPy.

float16 adds up in float32 and is rounded once: cuBLAS does so itself; the BLAS does not know
it, and NumPy's own loop, which does, takes a hundred times as long.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from .blas import on_threads
from .compiled import loops
from .device import module_of
from .kernel import kernel
from .pool import empty

Shape = tuple[int, ...]
HALF = np.dtype(np.float16)

# OpenBLAS loses a tenth of its speed where it reads W^T across the rows of W. For few rows x it
# pays to compute y^T = W x^T, and to turn that while the bias is added.
TURNED_FROM = 32_768  # elements of y
TURNED_ROWS = 256  # with more of them y^T no longer stays in a core's cache


@kernel
def matmul(a: Any, b: Any) -> Any:
    """a @ b, batched over leading axes as NumPy does."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) if a.ndim + b.ndim > 4 else ()
    return _widened(_product, a, b, shape=(*lead, a.shape[-2], b.shape[-1]))


@kernel
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x W^T + b. Shapes: (..., I), (O, I), (O,) -> (..., O)."""
    given = (_rows(x, 1), weight) if bias is None else (_rows(x, 1), weight, bias)
    return _widened(_affine, *given, shape=(*x.shape[:-1], len(weight)))


@kernel
def linear_x_vjp(g: Any, weight: Any, input_shape: Shape) -> Any:
    """g W. Shapes: g (..., O), W (O, I) or (1, O, I) -> (..., I)."""
    rows = _rows(g, 1)
    return _widened(_product, rows, weight.reshape(weight.shape[-2:]), shape=input_shape)


@kernel
def linear_weight_vjp(g: Any, x: Any, input_shape: Shape) -> Any:
    """g^T x. Shapes: g (..., O), x (..., I) -> (O, I); or g (R, ..., O) -> (R, O, I)."""
    turned = _swapped(_rows(g, len(input_shape) - 1))
    return _widened(_product, turned, _rows(x, 1), shape=input_shape)


@kernel
def linear_bias_vjp(g: Any, input_shape: Shape) -> Any:
    """The sum of g over its rows. Shapes: g (..., O) -> (O,); or g (R, ..., O) -> (R, O)."""
    return _widened(_sum_of_rows, _rows(g, len(input_shape)))


# ---- what arrays look like to a product -----------------------------------------------------
def _rows(x: Any, lead: int) -> Any:
    """x with all axes as one but the last, and but the first `lead - 1`."""
    if x.ndim == lead + 1:
        return x
    kept = x.shape[: lead - 1]
    return x.reshape(*kept, math.prod(x.shape[lead - 1 : -1]), x.shape[-1])


def _swapped(x: Any) -> Any:
    """The last two axes exchanged."""
    n = x.ndim
    return x.transpose(*range(n - 2), n - 1, n - 2)


def _widened(compute: Callable[..., Any], *arrays: Any, **settings: Any) -> Any:
    """What a function gives for arrays in the one dtype that they add up in, in their own."""
    dtypes = {a.dtype for a in arrays}
    if len(dtypes) == 1 and HALF not in dtypes:
        return compute(*arrays, **settings)
    xp = module_of(*arrays)
    dtype = xp.result_type(*arrays)
    wide = np.dtype(np.float32) if dtype == HALF and xp is np else dtype
    y = compute(*[a.astype(wide, copy=False) for a in arrays], **settings)
    return y.astype(dtype, copy=False)


# ---- products of arrays of one dtype --------------------------------------------------------
def _product(a: Any, b: Any, *, shape: Shape) -> Any:
    """a @ b in this shape, in memory of its own."""
    if not isinstance(a, np.ndarray):
        y = module_of(a).matmul(a, b)
        return y if y.shape == shape else y.reshape(shape)
    y = empty(shape, a.dtype)
    lead = shape[: max(a.ndim, b.ndim) - 2] if a.ndim + b.ndim > 4 else ()
    out = y.reshape(*lead, a.shape[-2], b.shape[-1])
    on_threads(2.0 * y.size * a.shape[-1], np.matmul, a, b, out=out)
    return y


def _affine(x: Any, weight: Any, bias: Any = None, *, shape: Shape) -> Any:
    if _gains_turned(x, weight):
        return _turned(x, weight, bias, shape)
    y = _product(x, _swapped(weight), shape=shape)
    if bias is not None:
        y += bias
    return y


def _gains_turned(x: Any, weight: Any) -> bool:
    return (
        TURNED_FROM <= len(x) * len(weight) <= TURNED_ROWS * len(weight)
        and isinstance(x, np.ndarray)
        and x.dtype in (np.float32, np.float64)
        and x.flags.c_contiguous
        and weight.flags.c_contiguous
    )


def _turned(x: Any, weight: Any, bias: Any, shape: Shape) -> Any:
    """x W^T + b by way of W x^T. Where there is no b, -0.0 is what changes no number."""
    y, turned = empty(shape, x.dtype), _product(weight, x.T, shape=(len(weight), len(x)))
    own = np.full(len(weight), -0.0, x.dtype) if bias is None else bias.copy()
    loops("dense").turned(turned, own, _rows(y, 1))
    return y


def _sum_of_rows(g: Any) -> Any:
    """A product with ones, which is the fastest of sums; on one thread, in one order."""
    if not isinstance(g, np.ndarray):
        return g.sum(axis=-2)
    return on_threads(0, np.matmul, _ones(g.shape[-2], g.dtype), g)


@lru_cache(8)
def _ones(count: int, dtype: Any) -> Any:
    return np.ones(count, dtype)
