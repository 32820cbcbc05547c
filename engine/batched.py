"""Many gradients of one output at once, as the rows of a Jacobian need.

A gradient with a leading axis of rows goes through a vjp whole if everything the vjp reads gets
a leading axis too: what was saved one of length 1, which broadcasts, and axes, shapes and
indices count one more. A vjp that cannot be lifted so (`Op.rigid`, or a parameter that says
nothing of axes) runs row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .op import Op, Rule
from .ops.broadcast import unbroadcast
from .ops.indexing import getitem
from .ops.shaping import reshape, stack


def pull(
    op: Op, rule: Rule, names: Sequence[int | str], values: Sequence[Any], shape: Any
) -> Any:
    """A vjp on rows of gradients. Shapes: g (rows, *y.shape) -> (rows, *shape)."""
    at = names.index("g")
    rows = len(values[at].data) if hasattr(values[at], "node") else len(values[at])
    if not rows:
        return reshape(values[at], (0, *shape))
    if not op.rigid and all(map(_is_liftable, names, values)):
        lifted = [_lift(n, v, rows) for n, v in zip(names, values)]
        return fit(rule(*lifted), shape)
    return stack([_row(rule, values, at, k, shape) for k in range(rows)])


def _row(rule: Rule, values: Sequence[Any], at: int, k: int, shape: Any) -> Any:
    given = [getitem(v, k) if i == at else v for i, v in enumerate(values)]
    g = rule(*given)
    return g if g.shape == shape else unbroadcast(g, shape)


def fit(g: Any, shape: tuple[int, ...]) -> Any:
    """Rows of gradients, with what broadcasting added or stretched summed away."""
    wanted = (g.shape[0], *shape)
    if g.shape == wanted:
        return g
    added = len(g.shape) - len(wanted)
    return reshape(unbroadcast(g, (g.shape[0], *(1,) * added, *shape)), wanted)


LIFTS: dict[str, Callable[[Any, int], Any]] = {
    "g": lambda g, rows: g,
    "input_shape": lambda shape, rows: (rows, *shape),
    "shape": lambda shape, rows: (rows, *shape),
    "axis": lambda axis, rows: tuple(a + 1 for a in axis) if _many(axis) else axis + 1,
    "axes": lambda axes, rows: (0, *(a + 1 for a in axes)),
    "index": lambda index, rows: (slice(None), *(index if _many(index) else (index,))),
    **dict.fromkeys(
        ("input_index", "bounds", "keepdims", "size", "stride", "dilation", "kept", "scale"),
        lambda value, rows: value,
    ),
    **dict.fromkeys(
        ("eps", "is_centred"),
        lambda value, rows: value,
    ),
    **dict.fromkeys(  # which are of the last axes
        ("pads", "counts"),
        lambda value, rows: value,
    ),
}


def _many(x: Any) -> bool:
    return isinstance(x, tuple)


def _is_liftable(name: int | str, value: Any) -> bool:
    if name == "index":
        return _keeps_order(value if _many(value) else (value,))
    return isinstance(name, int) or name in LIFTS


def _keeps_order(index: tuple[Any, ...]) -> bool:
    """Whether one more axis in front leaves NumPy's order of axes alone: it moves the picked
    axes to the front where slices stand between them."""
    picks = [k for k, part in enumerate(index) if _is_pick(part)]
    apart = picks and picks[-1] - picks[0] + 1 != len(picks)
    return not (apart and any(isinstance(index[k], np.ndarray) for k in picks))


def _is_pick(part: Any) -> bool:
    return not (part is None or part is Ellipsis or isinstance(part, slice))


def _lift(name: int | str, value: Any, rows: int) -> Any:
    if isinstance(name, str):
        return LIFTS[name](value, rows)
    return reshape(value, (1, *value.shape)) if hasattr(value, "shape") else value
