"""Folding axes: mean, max, logsumexp (sum stands in broadcast.py)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..kernels import ShapeError, reduce
from .broadcast import Axis, normal_axes, spread, sum_
from .elementwise import divide, equal, exp, greater, multiply, subtract, where
from .op import LINEAR, Op, structural
from .shaping import as_array, astype
from .tape import apply

Axes = tuple[int, ...]


def _mean_vjp(g: Any, input_shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    count = math.prod(input_shape[i] for i in axis)
    return spread(divide(g, count), input_shape, axis)


def weighted(name: str, kernel: Any, weights: Callable[[Any, Any, Axes], Any]) -> Op:
    """A reduction y(x) with dy/dx = weights(x, y, axis), which have the shape of x."""

    def vjp(g: Any, x: Any, y: Any, input_shape: Any, axis: Axes) -> Any:
        return multiply(spread(g, input_shape, axis), weights(x, y, axis))

    def jvp(t: Any, x: Any, y: Any, axis: Axes, keepdims: bool) -> Any:
        return sum_(multiply(t, weights(x, y, axis)), axis, keepdims)

    return structural(name, kernel, ["x"], vjp, jvp=[jvp])


def _shares(x: Any, y: Any, axis: Axes) -> Any:
    """Ties share the gradient equally, as one of many directions of steepest ascent."""
    is_top = astype(equal(x, spread(y, x.shape, axis)), x.dtype)
    return divide(is_top, sum_(is_top, axis, keepdims=True))


def _softmax(x: Any, y: Any, axis: Axes) -> Any:
    finite = where(greater(y, -math.inf), y, 0.0)  # nothing but -inf has nothing to share
    return exp(subtract(x, spread(finite, x.shape, axis)))


MEAN = structural("mean", reduce.mean, ["x"], _mean_vjp, jvp=LINEAR)
MAX = weighted("max", reduce.max_, _shares)
LOGSUMEXP = weighted("logsumexp", reduce.logsumexp, _softmax)


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
    if any(x.shape[a] == 0 for a in axes):
        raise ShapeError(
            "max",
            "at least one element along the axes",
            f"shape {x.shape}",
            "an empty maximum is undefined",
        )
    return apply(MAX, x, axis=axes, keepdims=keepdims)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axes, safe for large and for -inf entries. Units: nats."""
    x = as_array(x)
    return apply(LOGSUMEXP, x, axis=normal_axes("logsumexp", x, axis), keepdims=keepdims)
