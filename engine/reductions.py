"""Folding axes: mean, max, logsumexp (sum stands in broadcast.py)."""

from __future__ import annotations

import math
from typing import Any

from ..kernels import ShapeError, reduce
from .broadcast import Axis, normal_axes, spread, sum_
from .elementwise import divide, equal, exp, multiply, subtract
from .op import structural
from .shaping import as_array, astype, reshape
from .tape import apply


def _mean_vjp(g: Any, input_shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    count = math.prod(input_shape[i] for i in axis)
    return spread(divide(g, count), input_shape, axis)


def _max_vjp(g: Any, x: Any, y: Any, axis: tuple[int, ...]) -> Any:
    """Ties share the gradient equally, as one of many directions of steepest ascent."""
    is_top = astype(equal(x, spread(y, x.shape, axis)), g.dtype)
    share = divide(g, _folded(is_top, axis, y.shape))
    return multiply(spread(share, x.shape, axis), is_top)


def _folded(x: Any, axis: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    return reshape(sum_(x, axis), shape)


def _logsumexp_vjp(g: Any, x: Any, y: Any, axis: tuple[int, ...]) -> Any:
    softmax = exp(subtract(x, spread(y, x.shape, axis)))
    return multiply(spread(g, x.shape, axis), softmax)


MEAN = structural("mean", reduce.mean, ["x"], _mean_vjp)
MAX = structural("max", reduce.max_, ["x"], _max_vjp)
LOGSUMEXP = structural("logsumexp", reduce.logsumexp, ["x"], _logsumexp_vjp)


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
