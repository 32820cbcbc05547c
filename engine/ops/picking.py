"""Elements picked by arrays of indices, along an axis or by a mask."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels import DTypeError, ShapeError
from ...kernels.shape import copy
from .broadcast import broadcast_to
from .indexing import getitem, pick
from .rearrange import along, one_axis
from .shaping import as_array, data_of, reshape


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements, or the layers along an axis, at integer indices; without an axis, of x
    flattened.

    Shapes: x (A..., N, B...), indices (I...) -> (A..., I..., B...).
    """
    x, indices = as_array(x), integers("take", indices)
    if axis is None:
        return pick(reshape(x, (math.prod(x.shape),)), indices)
    return pick(x, along(one_axis("take", x, axis), indices))


def index_select(x: Any, axis: int, indices: Any) -> Any:
    """The layers along an axis at integer indices: PyTorch's name for `take`.

    Raises: ShapeError where the indices are not a vector.
    """
    x, indices = as_array(x), integers("index_select", indices)
    if len(indices.shape) != 1:
        got = f"shape {indices.shape}"
        raise ShapeError("index_select", "a vector of indices", got, "use take")
    return pick(x, along(one_axis("index_select", x, axis), indices))


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """x[..., indices[..., j, ...], ...] at each place of `indices`, along one axis; with None,
    of x flattened. `argsort` and `argmax` with keepdims give such indices.

    Shapes: x (A..., N, B...), indices (A..., J, B...) -> (A..., J, B...); A and B broadcast.
    Raises: ShapeError where they do not.
    """
    x, indices = as_array(x), integers("take_along_axis", indices)
    if axis is None:
        x, axis = reshape(x, (math.prod(x.shape),)), 0
    axis = one_axis("take_along_axis", x, axis)
    sizes = _others("take_along_axis", x, indices, axis)
    if any(i != n and 1 not in (i, n) for i, n in sizes):
        rule, got = "other axes that broadcast", f"{indices.shape} for x of {x.shape}"
        raise ShapeError("take_along_axis", rule, got, "see gather for smaller indices")
    return pick(x, mesh([n for _, n in sizes], axis, indices))


def gather(x: Any, axis: int, indices: Any) -> Any:
    """What stands at each place of `indices`, along one axis; PyTorch's form of
    `take_along_axis`, in which other axes of indices may be shorter and do not broadcast.

    Raises: ShapeError where they are longer.
    """
    x, indices = as_array(x), integers("gather", indices)
    return pick(x, gathered("gather", x, axis, indices))


def gathered(where: str, x: Any, axis: int, indices: Any) -> tuple[Any, ...]:
    """The index of the elements that `gather` picks."""
    axis = one_axis(where, x, axis)
    sizes = _others(where, x, indices, axis)
    if any(i > n for i, n in sizes):
        rule, got = "indices no longer than x", f"{indices.shape} for x of {x.shape}"
        raise ShapeError(where, rule, got, "only the axis itself may be longer")
    return mesh([i for i, _ in sizes], axis, indices)


def mesh(sizes: list[int], axis: int, indices: Any) -> tuple[Any, ...]:
    """The index that counts along every axis, of these lengths, but follows indices in one."""
    counts = np.ogrid[tuple(slice(n) for n in sizes)]
    return tuple(indices if a == axis else count for a, count in enumerate(counts))


def _others(where: str, x: Any, indices: Any, axis: int) -> list[tuple[int, int]]:
    """The lengths of indices and of x along each axis, with 1 for the axis of the indices."""
    if len(indices.shape) != len(x.shape):
        got = f"{indices.shape} for x of {x.shape}"
        raise ShapeError(where, "indices of as many axes as x", got, "reshape them")
    return [(1, 1) if a == axis else pair for a, pair in enumerate(zip(indices.shape, x.shape))]


def integers(where: str, indices: Any) -> Any:
    """Indices as a plain array of integers, which the user cannot change later.

    Raises: DTypeError for others.
    """
    given = data_of(as_array(indices))
    if not given.size:
        return given.astype("int64")
    if given.dtype.kind not in "iu":
        repair = "convert them with astype(int)"
        raise DTypeError(where, "integer indices", str(given.dtype), repair)
    return copy(given) if hasattr(indices, "shape") else given


def masked_select(x: Any, mask: Any) -> Any:
    """The elements where a mask, which broadcasts to x, holds: as a vector.

    Raises: DTypeError where the mask is not of truth values.
    """
    x, mask = as_array(x), truths("masked_select", mask)
    return getitem(x, mask if mask.shape == x.shape else broadcast_to(mask, x.shape))


def truths(where: str, mask: Any) -> Any:
    """A mask as a plain array of truth values.

    Raises: DTypeError for another.
    """
    given = data_of(as_array(mask))
    if given.dtype != bool:
        repair = "compare, as in x > 0"
        raise DTypeError(where, "a mask of truth values", str(given.dtype), repair)
    return given
