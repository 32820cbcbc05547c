"""Folding axes: mean, max, min, logsumexp (sum stands in broadcast.py, prod in scans.py)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kernels import ShapeError, reduce, rows
from ..fused import Fused
from ..op import LINEAR, Op, structural
from ..tape import apply
from .broadcast import Axis, normal_axes, spread, sum_
from .elementwise import divide, equal, exp, greater, multiply, subtract, where
from .rearrange import one_axis
from .shaping import as_array, astype, reshape, transpose

Axes = tuple[int, ...]


# ---- what reductions share ------------------------------------------------------------------
def count_of(x: Any, axis: Axes) -> int:
    """How many elements of x are folded into one."""
    return math.prod(x.shape[i] for i in axis)


def over(x: Any, count: float) -> Any:
    """x / count; by the inverse where x's dtype, float16, holds no such count."""
    largest = float(np.finfo(x.dtype).max)
    return divide(x, count) if count <= largest else multiply(x, 1 / count)


def weighted(
    name: str, kernel: Any, weights: Callable[[Any, Any, Axes], Any], fused: Any = None
) -> Op:
    """A reduction y(x) with dy/dx = weights(x, y, axis), which have the shape of x; `fused` is
    a kernel for the vjp."""

    def vjp(g: Any, x: Any, y: Any, input_shape: Any, axis: Axes) -> Any:
        return multiply(spread(g, input_shape, axis), weights(x, y, axis))

    def jvp(t: Any, x: Any, y: Any, axis: Axes, keepdims: bool) -> Any:
        return sum_(multiply(t, weights(x, y, axis)), axis, keepdims)

    return structural(name, kernel, ["x"], Fused(fused, vjp) if fused else vjp, jvp=[jvp])


def demand_elements(where: str, what: str, x: Any, axis: Axes) -> None:
    """Raises: ShapeError where there is nothing to choose from."""
    if count_of(x, axis) == 0:
        rule, repair = "at least one element along the axes", f"an empty {what} is undefined"
        raise ShapeError(where, rule, f"shape {x.shape}", repair)


def laid_out(where: str, x: Any, axis: int | None) -> tuple[Any, int]:
    """An array and one of its axes, not negative; for None x laid out flat, and its only axis.

    Raises: ShapeError for an axis that x does not have.
    """
    x = as_array(x)
    return (reshape(x, -1), 0) if axis is None else (x, one_axis(where, x, axis))


def in_one(x: Any, axis: Axes) -> Any:
    """Axes moved behind the others and made one. Shapes: (..., a, ..., b, ...) -> (..., ab)."""
    kept = [i for i in range(len(x.shape)) if i not in axis]
    shape = (*(x.shape[i] for i in kept), count_of(x, axis))
    return reshape(transpose(x, (*kept, *axis)), shape)


def in_many(x: Any, shape: tuple[int, ...], axis: Axes) -> Any:
    """The inverse of `in_one`, for an array that had this shape."""
    order = [*(i for i in range(len(shape)) if i not in axis), *axis]
    moved = reshape(x, tuple(shape[i] for i in order))
    return transpose(moved, tuple(order.index(i) for i in range(len(shape))))


# ---- the ops --------------------------------------------------------------------------------
def _mean_vjp(g: Any, input_shape: tuple[int, ...], axis: Axes) -> Any:
    count = math.prod(input_shape[i] for i in axis)
    return spread(over(g, count), input_shape, axis)


def _shares(x: Any, y: Any, axis: Axes) -> Any:
    """Ties share the gradient equally, as one of many directions of steepest ascent."""
    is_top = astype(equal(x, spread(y, x.shape, axis)), x.dtype)
    return divide(is_top, sum_(is_top, axis, keepdims=True))


def _softmax(x: Any, y: Any, axis: Axes) -> Any:
    finite = where(greater(y, -math.inf), y, 0.0)  # nothing but -inf has nothing to share
    return exp(subtract(x, spread(finite, x.shape, axis)))


MEAN = structural("mean", reduce.mean, ["x"], _mean_vjp, jvp=LINEAR)
MAX = weighted("max", reduce.max_, _shares)
MIN = weighted("min", reduce.min_, _shares)
LOGSUMEXP = weighted("logsumexp", rows.logsumexp, _softmax, rows.logsumexp_vjp)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over axes, by default all; nan where there is nothing to average."""
    x = as_array(x)
    return apply(MEAN, x, axis=normal_axes("mean", x, axis), keepdims=keepdims)


def max_(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest over axes; ties share the gradient equally.

    Raises: ShapeError where there is nothing to choose from.
    """
    x = as_array(x)
    axes = normal_axes("max", x, axis)
    demand_elements("max", "maximum", x, axes)
    return apply(MAX, x, axis=axes, keepdims=keepdims)


def min_(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest over axes; ties share the gradient equally.

    Raises: ShapeError where there is nothing to choose from.
    """
    x = as_array(x)
    axes = normal_axes("min", x, axis)
    demand_elements("min", "minimum", x, axes)
    return apply(MIN, x, axis=axes, keepdims=keepdims)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axes, safe for large and for -inf entries. Units: nats."""
    x = as_array(x)
    return apply(LOGSUMEXP, x, axis=normal_axes("logsumexp", x, axis), keepdims=keepdims)
