"""Going along an axis with what has come before: cumsum, cumprod, prod, linear_recurrence.

The derivative of a linear recurrence is one again, backwards; and since products are taken as
recurrences too, nothing is ever divided by an element: all is exact where elements are 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels import ShapeError, reduce, scan
from ..op import LINEAR, Op, structural
from ..row import NUMBERS
from ..tape import apply
from .broadcast import Axis, broadcast_to, normal_axes
from .elementwise import multiply, where
from .indexing import INDEX_ADD, getitem
from .rearrange import along, one_axis
from .reductions import Axes, in_many, in_one, laid_out, weighted
from .shaping import as_array, data_of


# ---- one step along an axis -----------------------------------------------------------------
def _part(x: Any, axis: int, start: int | None, stop: int | None, step: int = 1) -> Any:
    return getitem(x, along(axis, slice(start, stop, step)))


def _flip(x: Any, axis: int) -> Any:
    return _part(x, axis, None, None, -1)


def _after_zero(x: Any, axis: int, like: Any) -> Any:
    """x behind one 0, which makes it as long as `like`, or as nothing where that is nothing."""
    shape = (*x.shape[:axis], like.shape[axis], *x.shape[axis + 1 :])
    return apply(INDEX_ADD, x, index=along(axis, slice(1, None)), shape=shape)


def _delayed(x: Any, axis: int) -> Any:
    """Each element one place later: 0 is first, the last is left out."""
    return _after_zero(_part(x, axis, None, -1), axis, x)


def _times_before(x: Any, y: Any, axis: int) -> Any:
    """x_i y_(i-1), and 0 first, whatever x_0 is."""
    pairs = multiply(_part(x, axis, 1, None), _part(y, axis, None, -1))
    return _after_zero(pairs, axis, y)


def _backwards(g: Any, a: Any, axis: int) -> Any:
    """r_i = g_i + a_(i+1) r_(i+1): the gradient of the b of a recurrence."""
    later = _delayed(_flip(a, axis), axis)
    return _flip(apply(LINEAR_RECURRENCE, later, _flip(g, axis), axis=axis), axis)


def _product_before(x: Any, axis: int) -> Any:
    """The product of all elements before each; 1 for the first."""
    first = scan.is_first(data_of(x), axis=axis)
    return apply(CUMPROD, where(first, 1.0, _delayed(x, axis)), axis=axis)


# ---- the ops --------------------------------------------------------------------------------
def _prod_weights(x: Any, y: Any, axis: Axes) -> Any:
    """The product of all the others."""
    flat = in_one(x, axis)
    last = len(flat.shape) - 1
    after = _flip(_product_before(_flip(flat, last), last), last)
    return in_many(multiply(_product_before(flat, last), after), x.shape, axis)


LINEAR_RECURRENCE: Op = structural(
    "linear_recurrence",
    scan.linear_recurrence,
    ["a", "b"],
    lambda g, a, y, axis: _times_before(_backwards(g, a, axis), y, axis),
    lambda g, a, axis: _backwards(g, a, axis),
    jvp=[
        lambda t, a, y, axis: apply(LINEAR_RECURRENCE, a, _times_before(t, y, axis), axis=axis),
        lambda t, a, axis: apply(LINEAR_RECURRENCE, a, t, axis=axis),
    ],
)
CUMSUM: Op = structural(
    "cumsum",
    scan.cumsum,
    ["x"],
    lambda g, axis: _flip(apply(CUMSUM, _flip(g, axis), axis=axis), axis),
    jvp=LINEAR,
)
CUMPROD: Op = structural(
    "cumprod",
    scan.cumprod,
    ["x"],
    lambda g, x, axis: multiply(_product_before(x, axis), _backwards(g, x, axis)),
    jvp=[
        lambda t, x, axis: apply(
            LINEAR_RECURRENCE, x, multiply(t, _product_before(x, axis)), axis=axis
        )
    ],
)
PROD = weighted("prod", reduce.prod, _prod_weights)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over axes, by default all; 1 for nothing. Derivatives of every order are
    exact where elements are 0."""
    x = as_array(x)
    return apply(PROD, x, axis=normal_axes("prod", x, axis), keepdims=keepdims)


def cumsum(x: Any, axis: int | None = None) -> Any:
    """y_i = x_0 + ... + x_i along an axis, by default of x laid out flat.

    Differs: PyTorch has no default axis.
    """
    x, axis = laid_out("cumsum", x, axis)
    return apply(CUMSUM, x, axis=axis)


def cumprod(x: Any, axis: int | None = None) -> Any:
    """y_i = x_0 ... x_i along an axis, by default of x laid out flat. Derivatives of every
    order are exact where elements are 0.

    Differs: PyTorch has no default axis.
    """
    x, axis = laid_out("cumprod", x, axis)
    return apply(CUMPROD, x, axis=axis)


def linear_recurrence(a: Any, b: Any, axis: int = -1) -> Any:
    """y_i = a_i y_(i-1) + b_i along an axis, with y_0 = b_0: the first of a is not read.

    A moving average of x with decay d is `linear_recurrence(d, (1 - d) * x)`; rewards r
    discounted by c, each with all that follow, are `linear_recurrence(c, r[::-1])[::-1]`.
    Shapes: a and b broadcast; numbers will do for one of them. Units: n steps one after the
    other, each over all other axes at once; from 16384 steps on the CPU in one compiled loop.
    Raises: ShapeError where they do not broadcast, or lack the axis.

    >>> linear_recurrence(0.5, [1.0, 1.0, 1.0])
    array([1.  , 1.5 , 1.75])
    """
    a, b = _beside(a, b), _beside(b, a)
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError as error:
        rule, got = "shapes that broadcast together", f"{a.shape}, {b.shape}"
        raise ShapeError("linear_recurrence", rule, got, "reshape an operand") from error
    a, b = broadcast_to(a, shape), broadcast_to(b, shape)
    return apply(LINEAR_RECURRENCE, a, b, axis=one_axis("linear_recurrence", b, axis))


def _beside(x: Any, other: Any) -> Any:
    """x as an array; a number widens no dtype."""
    other = as_array(other)
    if not isinstance(x, NUMBERS):
        return as_array(x)
    return np.asarray(x, np.result_type(other.dtype, x))
