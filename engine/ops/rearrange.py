"""Axes taken away, put in, joined and exchanged; each a reshape, a transpose or a broadcast."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from ...kernels import OptionError, ShapeError
from .broadcast import broadcast_to, normal_axes
from .shaping import as_array, reshape, transpose

Axes = int | Sequence[int]


def one_axis(where: str, x: Any, axis: int) -> int:
    """An axis as a non-negative integer.

    Raises: ShapeError for an axis that x does not have.
    """
    return normal_axes(where, x, operator.index(axis))[0]


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The index that takes `part` of one axis and all of the others."""
    return (*(slice(None),) * axis, part)


def flatten(x: Any, start_axis: int = 0, end_axis: int = -1) -> Any:
    """x with the axes from start_axis to end_axis, that one too, joined to one.

    Shapes: () -> (1,).
    Raises: ShapeError where the last comes before the first.
    """
    x = as_array(x)
    if not x.shape:
        return reshape(x, (1,))
    first, last = (one_axis("flatten", x, a) for a in (start_axis, end_axis))
    if first > last:
        got = f"start_axis={start_axis}, end_axis={end_axis}"
        raise ShapeError("flatten", "start_axis <= end_axis", got, f"x has shape {x.shape}")
    joined = math.prod(x.shape[first : last + 1])
    return reshape(x, (*x.shape[:first], joined, *x.shape[last + 1 :]))


def squeeze(x: Any, axis: Axes | None = None) -> Any:
    """x without axes of length 1, by default all of them.

    Raises: ShapeError for an axis of another length. Differs: PyTorch keeps such an axis.
    """
    x = as_array(x)
    ones = [a for a, n in enumerate(x.shape) if n == 1]
    gone = ones if axis is None else normal_axes("squeeze", x, axis)
    if not set(gone) <= set(ones):
        rule, repair = "axes of length 1", f"x has shape {x.shape}"
        raise ShapeError("squeeze", rule, f"axis={axis}", repair)
    return reshape(x, [n for a, n in enumerate(x.shape) if a not in gone])


def expand_dims(x: Any, axis: Axes) -> Any:
    """x with new axes of length 1, at these places of the result.

    Raises: ShapeError for a place that the result does not have, or has twice.
    """
    x = as_array(x)
    places: tuple[Any, ...] = tuple(axis) if isinstance(axis, Iterable) else (axis,)
    n = len(x.shape) + len(places)
    new = {a % n for a in places if -n <= a < n}
    if len(new) < len(places):
        repair = f"the result has {n} axes"
        raise ShapeError("expand_dims", f"places in [{-n}, {n})", f"axis={axis}", repair)
    old = iter(x.shape)
    return reshape(x, [1 if a in new else next(old) for a in range(n)])


def unsqueeze(x: Any, axis: int) -> Any:
    """x with one new axis of length 1: PyTorch's name for `expand_dims`."""
    return expand_dims(x, operator.index(axis))


def permute(x: Any, axes: Sequence[int]) -> Any:
    """Axes in another order: PyTorch's name for `transpose`."""
    return transpose(x, axes)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    x = as_array(x)
    one, other = (one_axis("swapaxes", x, a) for a in (axis1, axis2))
    order = list(range(len(x.shape)))
    order[one], order[other] = other, one
    return transpose(x, order)


def moveaxis(x: Any, source: Axes, destination: Axes) -> Any:
    """Axes moved to other places; the rest keep their order.

    Raises: ShapeError where the places are not as many as the axes, or one is named twice.
    """
    x = as_array(x)
    old, new = (normal_axes("moveaxis", x, a) for a in (source, destination))
    if not len(old) == len(new) == len(set(old)) == len(set(new)):
        rule, got = "one place for each axis", f"{source} to {destination}"
        raise ShapeError("moveaxis", rule, got, "name each once")
    order = [a for a in range(len(x.shape)) if a not in old]
    for place, axis in sorted(zip(new, old)):
        order.insert(place, axis)
    return transpose(x, order)


def expand(x: Any, shape: Sequence[int]) -> Any:
    """x repeated, without a copy, to a shape in which -1 keeps an axis as it is.

    Raises: ShapeError where the shape has fewer axes, or a new axis is -1.
    """
    x = as_array(x)
    new = len(shape) - len(x.shape)
    if new < 0 or -1 in tuple(shape)[:new]:
        rule, repair = "a length for each new axis", f"x has shape {x.shape}"
        raise ShapeError("expand", rule, f"shape={tuple(shape)}", repair)
    kept = (1,) * new + x.shape
    return broadcast_to(x, [k if n == -1 else n for n, k in zip(shape, kept)])


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """Each array along an axis of its own, repeated along the axes of the others.

    Shapes: (N1,), (N2,), ... -> each (N2, N1, ...), or with indexing "ij" each (N1, N2, ...).
    Raises: OptionError for another indexing. Differs: PyTorch's default is "ij".
    """
    if indexing not in ("xy", "ij"):
        rule = "indexing in xy, ij"
        raise OptionError("meshgrid", rule, repr(indexing), "choose one of these")
    vectors = [reshape(as_array(a), (-1,)) for a in arrays]
    n = len(vectors)
    places = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else [*range(n)]
    lengths = [vectors[k].shape[0] for k in places]  # the exchange is its own inverse
    lines = [reshape(v, (-1, *(1,) * (n - 1 - p))) for v, p in zip(vectors, places)]
    return tuple(broadcast_to(line, lengths) for line in lines)
