"""sum and broadcast_to, each the transpose of the other; broadcasting is undone here only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...kernels import ShapeError, reduce, shape
from ..op import LINEAR, structural
from ..tape import apply
from .shaping import as_array, reshape

Axis = int | Sequence[int] | None


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum g over the axes that broadcasting added or stretched to make `shape` into g's.

    Shapes: g of any shape that `shape` broadcasts to -> shape.
    """
    added = len(g.shape) - len(shape)
    stretched = tuple(range(added)) + tuple(
        i + added for i, n in enumerate(shape) if n == 1 and g.shape[i + added] != 1
    )
    if stretched:
        g = apply(SUM, g, axis=stretched, keepdims=False)
    return g if g.shape == shape else reshape(g, shape)


def spread(g: Any, shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """A reduced array back in the shape it was reduced from, repeated along the axes."""
    kept = tuple(1 if i in axis else n for i, n in enumerate(shape))
    return broadcast_to(g if g.shape == kept else reshape(g, kept), shape)


def normal_axes(where: str, x: Any, axis: Axis) -> tuple[int, ...]:
    """Axes as a tuple of non-negative integers; None is all of them.

    Raises: ShapeError for an axis that x does not have.
    """
    n = len(x.shape)
    given = range(n) if axis is None else axis
    axes = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(-n <= a < n for a in axes):
        raise ShapeError(
            where, f"axes in [{-n}, {n})", f"axis={axis}", f"x has shape {x.shape}"
        )
    return tuple(a % n for a in axes)


SUM = structural(
    "sum",
    reduce.sum_,
    ["x"],
    lambda g, input_shape, axis: spread(g, input_shape, axis),
    jvp=LINEAR,
)
BROADCAST_TO = structural(
    "broadcast_to",
    shape.broadcast_to,
    ["x"],
    lambda g: g,  # which the tape sums to the shape of x, as for every op
    jvp=LINEAR,
    expects="a shape that x broadcasts to",
    repair="reshape x first",
)


def sum_(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over axes, by default all."""
    x = as_array(x)
    return apply(SUM, x, axis=normal_axes("sum", x, axis), keepdims=keepdims)


def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """x repeated, without a copy, along axes it lacks or has once."""
    return apply(BROADCAST_TO, as_array(x), shape=tuple(shape))
