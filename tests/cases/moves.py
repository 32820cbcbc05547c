"""Every function composed from reshape, transpose, broadcast and picking, beside NumPy's and
PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fusegrad.engine.ops.diagonals import diag, diagonal, tril, triu
from fusegrad.engine.ops.padding import MODES, pad
from fusegrad.engine.ops.picking import (
    gather,
    index_select,
    masked_select,
    take,
    take_along_axis,
)
from fusegrad.engine.ops.pieces import (
    chunk,
    flip,
    repeat,
    roll,
    split,
    tile,
    unbind,
    unstack,
)
from fusegrad.engine.ops.rearrange import (
    expand,
    expand_dims,
    flatten,
    meshgrid,
    moveaxis,
    permute,
    squeeze,
    swapaxes,
    unsqueeze,
)

A, B, S, V, E = (2, 3, 2), (2, 3), (), (4,), (0, 2)
PICKED = np.array([[2, 0, 2], [1, -1, 0]])
MASK = np.arange(6).reshape(B) % 4 > 0


class Move(NamedTuple):
    """A function, NumPy's answer, the shapes of its Tensors, and PyTorch's, if it has one."""

    name: str
    ours: Callable[..., Any]
    numpy: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    torch: Callable[..., Any] | None = None
    params: tuple[Any, ...] = ()


def of(name: str, ours: Any, numpy: Any, torch: Any, *uses: Any) -> list[Move]:
    """One function at several shapes and parameters. `torch` takes the module first."""
    return [
        Move(
            f"{name}{shape}{params}",
            lambda x, p=params: ours(x, *p),
            lambda x, p=params: numpy(x, *p),
            (shape,),
            torch and (lambda t, x, p=params: torch(t)(x, *p)),
            tuple(params),
        )
        for shape, *params in uses
    ]


def counted(x: Any, i: Any, axis: int) -> Any:
    """gather, number by number."""
    y = np.empty(i.shape, x.dtype)
    for at in np.ndindex(i.shape):
        y[at] = x[(*at[:axis], i[at], *at[axis + 1 :])]
    return y


def pieces_of(cuts: Any, axis: int) -> Callable[[Any], Any]:
    return lambda x: np.split(x, cuts, axis)


MOVES = [
    *of("flatten", flatten, lambda x, *_: x.reshape(2, 6), lambda t: t.flatten, (A, 1, -1)),
    *of("flatten", flatten, lambda x, *_: x.ravel(), lambda t: t.flatten,
        (A,), (S,), (E,), (V, 0, 0)),
    *of("squeeze", squeeze, np.squeeze, lambda t: t.squeeze,
        ((1, 2, 1),), ((1, 2, 1), -1), ((1, 2, 1), (0, -1)), (B,), ((1, 0),), (S, ())),
    *of("expand_dims", expand_dims, np.expand_dims, None,
        (B, 0), (B, -1), (B, (0, -1)), (B, (1, 3)), (S, 0), (E, 1)),
    *of("unsqueeze", unsqueeze, np.expand_dims, lambda t: t.unsqueeze, (B, 1), (B, -1)),
    *of("permute", permute, np.transpose, lambda t: t.permute, (A, (2, 0, 1)), (A, (-1, 0, 1))),
    *of("swapaxes", swapaxes, np.swapaxes, lambda t: t.swapaxes, (A, 0, -1), (A, 1, 1)),
    *of("moveaxis", moveaxis, np.moveaxis, lambda t: t.moveaxis,
        (A, 0, -1), (A, (0, 1), (-1, 0)), (A, (2, 0), (0, 1)), (A, 1, 1), (E, 0, 1)),
    *of("expand", expand, lambda x, s: np.broadcast_to(x, (4, 2, 3)),
        lambda t: lambda x, s: x.expand(s), ((2, 1), (4, -1, 3)), ((2, 3), (4, 2, -1))),
    *of("tile", tile, np.tile, lambda t: lambda x, r: t.tile(x, r if r.__class__ is tuple else
        (r,)), (B, 2), (B, (2, 1)), (B, (2, 1, 3)), (V, (2, 2)), (S, 3), (E, 2), (B, (0, 1)),
        (A, (2, 1))),
    *of("repeat", repeat, np.repeat, lambda t: lambda x, r, a=None: t.repeat_interleave(
        x, t.tensor(r), a), (B, 2), (B, 3, 0), (B, 2, -1), (B, [0, 2], 0), (B, [1, 0, 3], 1),
        (V, [1, 2, 0, 1]), (S, 2), (E, 2, 1), (B, 0, 1), (B, [2], 1)),
    *of("flip", flip, np.flip, None, (A,), (A, 1), (A, (0, -1)), (S,), (E, 0)),
    *of("flip", flip, np.flip, lambda t: t.flip, (A, (0, 2)), (A, (-2,))),
    *of("roll", roll, np.roll, lambda t: t.roll,
        (B, 1), (B, -2, 1), (B, 7, 0), (A, (1, -1), (0, 1)), (A, (2, 2), (1, 1)), (E, 1, 0),
        (B, 0, 0)),
    *of("roll", roll, np.roll, None, (A, 1, (0, 1)), (B, (1, 2), 1), (S, 1), (B, (1, 2))),
    *(m for mode in MODES for m in of(
        f"pad {mode}", lambda x, w, mode=mode: pad(x, w, mode),
        lambda x, w, mode=mode: np.pad(x, w, mode), None,
        (B, 1), (B, (1, 2)), (B, ((0, 2), (3, 0))), (V, [[5, 9]]), (B, 0), ((1, 2), 2))),
    *of("pad", pad, lambda x, w, m, v: np.pad(x, w, m, constant_values=v),
        lambda t: lambda x, w, m, v: t.nn.functional.pad(x, [2, 1, 2, 1], value=v),
        (B, (2, 1), "constant", -3.5), (E, (2, 1), "constant", 2.0)),
    *of("split", split, np.split, lambda t: t.tensor_split,
        (V, 2), (B, 3, 1), (V, [1, 3]), (V, [3, 1]), (V, [2, 9]), (B, [1], -1), (E, 2, 0),
        (V, [])),
    *of("chunk", chunk, lambda x, n, a=0: np.split(x, {3: [2], 2: [2], 4: [1, 2]}[n], a),
        lambda t: t.chunk, (V, 3), (B, 2, 1), (B, 4, -1)),
    *of("chunk", chunk, lambda x, n: [x] * 3, lambda t: t.chunk, (E, 3)),
    *of("unstack", unstack, lambda x, a=0: list(np.moveaxis(x, a, 0)), lambda t: t.unbind,
        (A,), (A, -1), (V,)),
    *of("unbind", unbind, lambda x, a: list(np.moveaxis(x, a, 0)), lambda t: t.unbind, (A, 1)),
    *of("tril", tril, np.tril, lambda t: t.tril, (B,), (B, 1), (A, -1), (E,), ((3, 3), -9)),
    *of("triu", triu, np.triu, lambda t: t.triu, (B,), (B, 2), (A, -1), (E,), ((3, 3), 9)),
    *of("diag", diag, np.diag, lambda t: t.diag,
        (V,), (V, 1), (V, -2), (B,), (B, 1), (B, -1), (B, 3), ((0,),), ((0,), 1)),
    *of("diagonal", diagonal, np.diagonal, lambda t: t.diagonal,
        (B,), (A, 1), (A, -1, 1, 2), (A, 0, -1, 0), (A, 0, 2, 0), (E,)),
    *of("take", take, np.take, None, (B, PICKED), (B, 4), (B, PICKED, 1), (A, [1, 0, 1], 0),
        (A, [[0, 1]], -1), (B, 1, 0), (B, [], 1), (A, np.array([1, -1], np.int8), 1)),
    *of("index_select", index_select, lambda x, a, i: np.take(x, i, a),
        lambda t: lambda x, a, i: x.index_select(a, t.tensor(i)), (A, 1, [2, 0, 2])),
    *of("take_along_axis", take_along_axis, np.take_along_axis, None,
        (B, PICKED, 1), (B, PICKED[:, :1], -1), (B, PICKED[:1], 1), ((1, 3), PICKED, 1),
        (B, PICKED.ravel(), None), (B, PICKED % 2, 0), ((1, 3), PICKED % 1, 0)),
    *of("gather", lambda x, i, a: gather(x, a, i), counted,
        lambda t: lambda x, i, a: x.gather(a, t.tensor(i)), (B, PICKED % 3, 1),
        (B, PICKED[1:, 1:] % 2, 0), ((3, 3), PICKED[:, :2] % 3, 0), (A, PICKED[None] % 2, 2),
        (B, PICKED[:, :0], 1)),
    *of("masked_select", masked_select, lambda x, m: x[np.broadcast_to(m, x.shape)],
        lambda t: lambda x, m: x.masked_select(t.tensor(m)),
        (B, MASK), (A, MASK[0, :, None]), (B, np.array(False)), (E, np.array(True))),
    *(Move(
        f"meshgrid {how}", lambda *x, how=how: meshgrid(*x, indexing=how),
        lambda *x, how=how: np.meshgrid(*x, indexing=how), shapes,
        lambda t, *x, how=how: t.meshgrid(*x, indexing=how))
      for how in ("xy", "ij")
      for shapes in [((2,), (3,)), ((2,), (3,), (1,)), ((2,),), (S, V)]),
    Move("pad with a Tensor", lambda x, v: pad(x, 1, value=v),
         lambda x, v: np.pad(x, 1, constant_values=v.item()), (B, S)),
]  # fmt: skip
