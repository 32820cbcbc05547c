"""Order: sort, argsort, topk, median. Gradients go back by the index that values came by."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...kernels import OptionError, sorting
from .broadcast import Axis, normal_axes
from .elementwise import not_equal, where
from .indexing import getitem
from .picking import take_along_axis
from .queries import answer
from .rearrange import along, one_axis
from .reductions import demand_elements, in_one, laid_out, mean
from .shaping import as_array, data_of, reshape


class TopK(NamedTuple):
    """The largest or smallest elements, and where they stood."""

    values: Any
    indices: Any


def argsort(x: Any, axis: int | None = -1, descending: bool = False) -> Any:
    """The indices that sort x along an axis; None is x laid out flat. Equal elements keep their
    order, either way; nan counts as the largest.

    Differs: NumPy promises to keep their order for kind "stable" only.
    """
    x, axis = laid_out("argsort", x, axis)
    return answer(sorting.argsort, x, axis=axis, descending=descending)


def sort(x: Any, axis: int | None = -1, descending: bool = False) -> Any:
    """x in rising or falling order along an axis; None is x laid out flat. nan counts as the
    largest.

    Differs: PyTorch returns the indices as well; they are those of `argsort`.
    """
    x, axis = laid_out("sort", x, axis)
    order = sorting.argsort(data_of(x), axis=axis, descending=descending)
    return take_along_axis(x, order, axis)


def topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> TopK:
    """The k largest, or smallest, along an axis, in order, and their indices; of equals those
    that stand first.

    Raises: OptionError where k is not in [0, n].
    """
    x = as_array(x)
    axis = one_axis("topk", x, axis)
    n = x.shape[axis]
    if not 0 <= k <= n:
        raise OptionError("topk", f"k in [0, {n}]", f"k={k}", f"x has {n} along the axis")
    order = answer(sorting.argsort, x, axis=axis, descending=largest)
    first = getitem(order, along(axis, slice(0, k)))
    return TopK(take_along_axis(x, first, axis), first)


def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The middle element over axes, by default all, or the mean of the middle two; nan where
    there is a nan.

    Differs: PyTorch gives the lower of the middle two.
    Raises: ShapeError where there is nothing to choose from.
    """
    x = as_array(x)
    axes = normal_axes("median", x, axis)
    demand_elements("median", "median", x, axes)
    ordered = sort(in_one(x, axes))
    n = ordered.shape[-1]
    middle = mean(getitem(ordered, (..., slice((n - 1) // 2, n // 2 + 1))), -1)
    last = getitem(ordered, (..., -1))
    y = where(not_equal(last, last), last, middle)
    kept = tuple(1 if i in axes else m for i, m in enumerate(x.shape))
    return reshape(y, kept) if keepdims else y
