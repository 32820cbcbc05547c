"""Kernels that fold axes.

float16 is folded in float32 and rounded once, at the end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .device import module_of
from .kernel import kernel

Axis = int | tuple[int, ...] | None
NAN = float("nan")


# ---- what the folds share -------------------------------------------------------------------
def wide(x: Any) -> Any:
    """Floats add up in their own dtype, halves in float32; whole numbers in NumPy's choice."""
    return "float32" if x.dtype == "float16" else x.dtype.type if x.dtype.kind == "f" else None


def floats(x: Any) -> Any:
    """x as floats of 32 bits or more."""
    if x.dtype.char in "fd":
        return x
    dtype = module_of(x).result_type(x, 0.0)
    return x.astype("float32" if dtype == "float16" else dtype, copy=False)


def rounded(y: Any, x: Any) -> Any:
    """A result in the dtype of x, if that is float16."""
    return y.astype(x.dtype) if x.dtype == "float16" else y


def folded(y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The result y of folding x with axes kept, without them where so wanted."""
    y = rounded(y, x)
    return y if keepdims else y.squeeze() if axis is None else y.squeeze(axis)


def average(x: Any, axis: Axis, keepdims: bool) -> Any:
    """Small integers do not overflow."""
    total = x.sum(axis=axis, keepdims=keepdims, dtype=wide(x))
    count = x.size / total.size if total.size else 1
    return total / (count or NAN)


def _scaled(x: Any, axis: Axis) -> tuple[Any, Any]:
    """|x| times a power of two that brings the largest along axes near 1, and the inverse of
    that power: so powers of it neither overflow nor vanish, and scaling rounds nothing."""
    xp, size = module_of(x), abs(x)
    top = size.max(axis=axis, keepdims=True) if x.size else x.sum(axis=axis, keepdims=True)
    limit = np.finfo(x.dtype).maxexp - 8
    exponent = xp.clip(xp.frexp(top)[1], -limit, limit)
    one = xp.ones_like(top)
    return size * xp.ldexp(one, -exponent), xp.ldexp(one, exponent)


def centred(x: Any, axis: Axis) -> Any:
    """x less its mean. Less one of its elements first: equal elements become exactly 0, and a
    large offset costs no digits."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    x = x - x[tuple(slice(0, 1) if i in axes else slice(None) for i in range(x.ndim))]
    x -= average(x, axis, True)
    return x


# ---- sums, products, the largest ------------------------------------------------------------
@kernel
def sum_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over axes."""
    return rounded(x.sum(axis=axis, keepdims=keepdims, dtype=wide(x)), x)


@kernel
def prod(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over axes."""
    return rounded(x.prod(axis=axis, keepdims=keepdims, dtype=wide(x)), x)


@kernel
def mean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over axes; nan where nothing is averaged."""
    return rounded(average(x, axis, keepdims), x)


@kernel
def max_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest over axes; a nan wins."""
    return x.max(axis=axis, keepdims=keepdims)


@kernel
def min_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest over axes; a nan wins."""
    return x.min(axis=axis, keepdims=keepdims)


# ---- spread and size ------------------------------------------------------------------------
@kernel
def centre(x: Any, *, axis: Axis = None) -> Any:
    """x less its mean over axes; exactly 0 where all elements are equal."""
    return rounded(centred(floats(x), axis), x)


@kernel
def var(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean square of what is left of x without its mean; nan where there is nothing."""
    rest = centred(floats(x), axis)
    return rounded(average(rest * rest, axis, keepdims), x)


@kernel
def std(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The root of the variance, also where the variance itself would overflow or vanish."""
    rest, unit = _scaled(centred(floats(x), axis), axis)
    root = module_of(x).sqrt(average(rest * rest, axis, True))
    return folded(root * unit, x, axis, keepdims)


@kernel
def euclidean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The root of the sum of squares over axes, without overflow or underflow on the way."""
    size, unit = _scaled(floats(x), axis)
    root = module_of(x).sqrt((size * size).sum(axis=axis, keepdims=True))
    return folded(root * unit, x, axis, keepdims)


@kernel
def p_norm(x: Any, p: float, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """sum(|x| ** p) ** (1 / p) over axes, without overflow or underflow on the way."""
    size, unit = _scaled(floats(x), axis)
    root = (size**p).sum(axis=axis, keepdims=True) ** (1 / p)
    return folded(root * unit, x, axis, keepdims)


@kernel
def norm(*arrays: Any) -> float:
    """The Euclidean norm of all elements of all arrays together, summed in float64."""
    return math.sqrt(_sum_of_squares(arrays))


@kernel
def distance(these: Any, those: Any) -> float:
    """The Euclidean distance between two lists of arrays, summed in float64."""
    return math.sqrt(_sum_of_squares([a - b for a, b in zip(these, those, strict=True)]))


def _sum_of_squares(arrays: Any) -> float:
    return sum(float((a.astype("float64") ** 2).sum()) for a in arrays)


# ---- questions ------------------------------------------------------------------------------
@kernel
def any_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether one element over axes is not 0; nan is not."""
    return x.any(axis=axis, keepdims=keepdims)


@kernel
def all_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether no element over axes is 0."""
    return x.all(axis=axis, keepdims=keepdims)


@kernel
def count_nonzero(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """How many elements over axes are not 0."""
    return (x != 0).sum(axis=axis, keepdims=keepdims)


@kernel
def argmax(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest stands: the first of equals, or the first nan."""
    return x.argmax(axis=axis, keepdims=keepdims)


@kernel
def argmin(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest stands: the first of equals, or the first nan."""
    return x.argmin(axis=axis, keepdims=keepdims)
