"""Ops that move elements and compute nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels import DTypeError, ShapeError, pool, shape
from ...kernels.device import is_cuda
from ..op import LINEAR, Op, structural
from ..operand import holds_tensors
from ..tape import apply
from ..value import Value, wrap
from .indexing import getitem


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(i) for i in range(len(axes)))


def _piece(g: Any, input_index: int, axis: int, bounds: tuple[int, ...]) -> Any:
    """The part of a joined gradient that belongs to the index-th array."""
    return getitem(
        g, (slice(None),) * axis + (slice(bounds[input_index], bounds[input_index + 1]),)
    )


def _layer(g: Any, input_index: int, axis: int) -> Any:
    """The part of a stacked gradient that belongs to the index-th array."""
    return getitem(g, (slice(None),) * axis + (input_index,))


RESHAPE: Op = structural(
    "reshape",
    shape.reshape,
    ["x"],
    lambda g, input_shape: apply(RESHAPE, g, shape=input_shape),
    jvp=LINEAR,
    expects="a shape of as many elements",
    repair="count them",
)
TRANSPOSE = structural(
    "transpose",
    shape.transpose,
    ["x"],
    lambda g, axes: transpose(g, _inverse(axes)),
    jvp=LINEAR,
    expects="every axis once",
    repair="list 0 .. ndim - 1 in a new order",
)
IDENTITY = structural("identity", shape.view, ["x"], lambda g: g, jvp=LINEAR)
ASTYPE = structural("astype", shape.astype, ["x"], lambda g: g, jvp=LINEAR)
CONCAT = structural(
    "concat",
    shape.concat,
    ["arrays"],
    _piece,
    jvp=LINEAR,
    variadic=True,
    expects="arrays alike but along the axis",
    repair="reshape them",
)
STACK = structural(
    "stack",
    shape.stack,
    ["arrays"],
    _layer,
    jvp=LINEAR,
    variadic=True,
    expects="arrays of one shape",
    repair="reshape or broadcast them",
)


def reshape(x: Any, shape: Sequence[int] | int) -> Any:
    """The same elements in another shape; one entry may be -1."""
    x = as_array(x)
    return apply(RESHAPE, x, shape=(shape,) if hasattr(shape, "__index__") else tuple(shape))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Axes in another order, by default reversed."""
    x = as_array(x)
    n = len(x.shape)
    order = range(n)[::-1] if axes is None else [a % n if -n <= a < n else a for a in axes]
    return apply(TRANSPOSE, x, axes=tuple(order))


def swap_last(x: Any) -> Any:
    """The last two axes exchanged. Shapes: (..., M, N) -> (..., N, M)."""
    n = len(x.shape)
    return transpose(x, (*range(n - 2), n - 1, n - 2))


def concat(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Arrays joined along an axis; they may differ in length along it alone."""
    _some("concat", arrays)
    along = _along("concat", arrays[0], axis)
    sizes = [sum(np.shape(data_of(a))[along : along + 1]) for a in arrays]  # 0 if it lacks it
    return apply(
        CONCAT, *arrays, axis=along, bounds=tuple(itertools.accumulate(sizes, initial=0))
    )


def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis."""
    _some("stack", arrays)
    return apply(STACK, *arrays, axis=_along("stack", arrays[0], axis, new=1))


def astype(x: Any, dtype: Any) -> Any:
    """The same values in another dtype; the gradient comes back in x's, and none comes back
    through integers or truth values."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "fiub":
        rule, repair = "a dtype of real numbers or truth values", "compute both parts apart"
        raise DTypeError("astype", rule, str(dtype), repair)
    if dtype.kind != "f" and isinstance(x, Value):
        x = wrap(x.data, None)
    return apply(ASTYPE, x, dtype=dtype)


def _some(where: str, arrays: Sequence[Any]) -> None:
    if not len(arrays):
        raise ShapeError(where, "one array or more", "none", "give a non-empty list")


def _along(where: str, array: Any, axis: int, new: int = 0) -> int:
    """An axis of an array, or of what has `new` more axes, as a non-negative integer."""
    n = np.ndim(data_of(array)) + new
    if not -n <= axis < n:
        raise ShapeError(where, f"an axis in [{-n}, {n})", f"axis={axis}", "count its axes")
    return axis % n


def data_of(x: Any) -> Any:
    """The array of a Tensor; anything else as it is."""
    return x.data if isinstance(x, Value) else x


def as_array(x: Any) -> Any:
    """Tensors and arrays as they are, numbers and lists as arrays, lists of Tensors stacked."""
    if isinstance(x, (Value, np.ndarray, np.generic)) or is_cuda(x):
        return x
    return stack([as_array(v) for v in x]) if holds_tensors(x) else new_array(x, copy=None)


def new_array(x: Any, dtype: Any = None, copy: bool | None = True) -> np.ndarray:
    """Numbers and nested lists of them as an array.

    Raises: ShapeError for lists of several lengths.
    """
    if copy and x.__class__ is np.ndarray:
        return pool.copied(x, dtype)
    try:
        return np.array(x, dtype, copy=copy)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        got, repair = "lists of several lengths", "pad them, see nn.pad_sequence"
        raise ShapeError("an array", "rows of one length", got, repair) from None
