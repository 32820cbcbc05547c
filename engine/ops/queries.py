"""Questions whose answer, an index, a count or a truth value, has no gradient to lose."""

from __future__ import annotations

from typing import Any

from ...kernels import Kernel, ShapeError, reduce
from ..value import Value, wrap
from .broadcast import Axis, normal_axes
from .rearrange import one_axis
from .reductions import demand_elements
from .shaping import as_array, data_of


def answer(kernel: Kernel, x: Any, **params: Any) -> Any:
    """What a kernel says of x: outside every graph, a Tensor of a Tensor."""
    try:
        y = kernel(data_of(x), **params)
    except ValueError as error:
        got = f"axis={params['axis']}"
        raise ShapeError(kernel.name, "every axis once", got, "name it once") from error
    return wrap(y, None) if isinstance(x, Value) else y


def any_(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether one element over axes is not 0 (nan is not); False for none."""
    x = as_array(x)
    return answer(reduce.any_, x, axis=normal_axes("any", x, axis), keepdims=keepdims)


def all_(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether no element over axes is 0; True for none."""
    x = as_array(x)
    return answer(reduce.all_, x, axis=normal_axes("all", x, axis), keepdims=keepdims)


def count_nonzero(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """How many elements over axes are not 0."""
    x = as_array(x)
    axes = normal_axes("count_nonzero", x, axis)
    return answer(reduce.count_nonzero, x, axis=axes, keepdims=keepdims)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest stands along an axis, by default in x laid out flat: the first of
    equals, or the first nan. Raises: ShapeError where there is nothing to choose from."""
    return _arg("argmax", "maximum", reduce.argmax, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest stands along an axis, by default in x laid out flat: the first of
    equals, or the first nan. Raises: ShapeError where there is nothing to choose from."""
    return _arg("argmin", "minimum", reduce.argmin, x, axis, keepdims)


def _arg(where: str, what: str, kernel: Kernel, x: Any, axis: Any, keepdims: bool) -> Any:
    x = as_array(x)
    demand_elements(where, what, x, normal_axes(where, x, axis))
    only = None if axis is None else one_axis(where, x, axis)
    return answer(kernel, x, axis=only, keepdims=keepdims)
