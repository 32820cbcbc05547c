"""Moving, picking and updating elements, making arrays, random draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad.engine import OPS, Tensor
from fusegrad.engine.ops import create, random
from fusegrad.engine.ops.diagonals import diag, diagonal, tril
from fusegrad.engine.ops.padding import pad
from fusegrad.engine.ops.picking import (
    gather,
    index_select,
    masked_select,
    take,
    take_along_axis,
)
from fusegrad.engine.ops.pieces import chunk, repeat, roll, split, tile
from fusegrad.engine.ops.rearrange import (
    expand,
    expand_dims,
    flatten,
    meshgrid,
    moveaxis,
    squeeze,
    swapaxes,
)
from fusegrad.engine.ops.updating import At, masked_fill, scatter_add
from fusegrad.engine.tape import apply
from fusegrad.kernels import DTypeError, GraphError, OptionError, ShapeError
from tests.cases.operation import Operation
from tests.ops_sample import leaf


def replaced(x: Any, v: Any, index: Any) -> Any:
    """A copy with other numbers in the places of an index."""
    y = x.copy()
    y[index] = v
    return y


def replaced_in_torch(torch: Any, x: Any, v: Any, index: Any) -> Any:
    turned = isinstance(index, slice) and index.step == -1  # a step that PyTorch has not
    y = x.clone()
    y[torch.arange(len(x) - 1, -1, -1) if turned else index] = v
    return y


A, B = (2, 3, 2), (2, 3)
MASK = np.arange(6).reshape(B) % 4 > 0
SINGLE: list[tuple[Any, Any, Any]] = [  # an index that picks nothing twice, and what it picks
    (B, (), (slice(None), [0, 2])),
    ((4,), (2,), slice(0, 4, 2)),
    ((4,), (4,), slice(None, None, -1)),
    ((4,), (), -1),
    ((4,), (3,), [2, -4, 1]),
    ((4,), (1,), slice(1, 3)),
    ((4,), (0,), slice(2, 2)),
    (B, (4,), MASK),
    (B, (3,), ([False, True], slice(None))),
    (A, (3, 3), ([1, 0, 1], slice(None), [1, 1, 0])),
    (A, (2, 1), (slice(None), 1, slice(1, None))),
    (A, (2, 1), (..., 0)),  # broadcasts
    (A, (1, 1, 2), (slice(None), [0], slice(None))),
    ((), (), ()),
    ((), (1,), None),
    ((0, 2), (0, 2), ...),
]


def as_index(index: Any) -> Any:
    """Arrays for lists: an op, unlike its public function, takes no others."""
    parts = index if isinstance(index, tuple) else (index,)
    plain = tuple(np.array(p) if isinstance(p, list) else p for p in parts)
    return plain if isinstance(index, tuple) else plain[0]


OPERATIONS: dict[str, Operation] = {
    "index_set": Operation(
        lambda x, v, i: apply(OPS["index_set"], x, v, index=i), replaced,
        [((x, v), (as_index(i),)) for x, v, i in SINGLE], torch=replaced_in_torch),
}  # fmt: skip

X, RNG = Tensor(np.zeros((2, 3))), np.random.default_rng(0)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: flatten(X, 1, 0), ShapeError,
     "flatten: expected start_axis <= end_axis, got start_axis=1, end_axis=0; x has shape "
     "(2, 3)"),
    (lambda: flatten(X, 2), ShapeError,
     "flatten: expected axes in [-2, 2), got axis=2; x has shape (2, 3)"),
    (lambda: squeeze(X, 0), ShapeError,
     "squeeze: expected axes of length 1, got axis=0; x has shape (2, 3)"),
    (lambda: expand_dims(X, (0, -4)), ShapeError,
     "expand_dims: expected places in [-4, 4), got axis=(0, -4); the result has 4 axes"),
    (lambda: expand_dims(X, 3), ShapeError,
     "expand_dims: expected places in [-3, 3), got axis=3; the result has 3 axes"),
    (lambda: swapaxes(X, 0, 2), ShapeError,
     "swapaxes: expected axes in [-2, 2), got axis=2; x has shape (2, 3)"),
    (lambda: moveaxis(X, (0, 1), 0), ShapeError,
     "moveaxis: expected one place for each axis, got (0, 1) to 0; name each once"),
    (lambda: moveaxis(X, (0, -2), (0, 1)), ShapeError,
     "moveaxis: expected one place for each axis, got (0, -2) to (0, 1); name each once"),
    (lambda: expand(X, (-1, 2, 3)), ShapeError,
     "expand: expected a length for each new axis, got shape=(-1, 2, 3); x has shape (2, 3)"),
    (lambda: expand(X, (3,)), ShapeError,
     "expand: expected a length for each new axis, got shape=(3,); x has shape (2, 3)"),
    (lambda: meshgrid(X[0], indexing="yx"), OptionError,
     "meshgrid: expected indexing in xy, ij, got 'yx'; choose one of these"),
    (lambda: tile(X, (2, -1)), OptionError,
     "tile: expected numbers of 0 or more, got (2, -1); leave out the sign"),
    (lambda: repeat(X, [1, 2], 1), ShapeError,
     "repeat: expected 1 or 3 numbers, got 2; give one for each"),
    (lambda: roll(X, (1, 2, 3), (0, 1)), ShapeError,
     "roll: expected one shift for each axis, got shift=(1, 2, 3) and axis=(0, 1); give one "
     "for all, or as many"),
    (lambda: split(X, 2, 1), ShapeError,
     "split: expected a number of sections that divides 3, got 2; give the points where to "
     "cut"),
    (lambda: chunk(X, 0), OptionError,
     "chunk: expected one chunk or more, got 0; give a positive number"),
    (lambda: pad(X, 1, "mirror"), OptionError,
     "pad: expected mode in constant, reflect, edge, wrap, symmetric, got 'mirror'; choose one "
     "of these"),
    (lambda: pad(X, (1, 2, 3)), ShapeError,
     "pad: expected one number, one pair, or 2 pairs, got widths=(1, 2, 3); x has shape "
     "(2, 3)"),
    (lambda: pad(X, -1), OptionError,
     "pad: expected whole widths of 0 or more, got widths=-1; cut with slices"),
    (lambda: pad(X[:0], 1, "edge"), ShapeError,
     "pad: expected an element to repeat, got mode 'edge'; pad with a value"),
    (lambda: tril(X[0]), ShapeError,
     "tril: expected two axes or more, got shape (3,); reshape it"),
    (lambda: diagonal(X, 0, 1, -1), ShapeError,
     "diagonal: expected two axes, got axis1=1, axis2=-1; x has shape (2, 3)"),
    (lambda: diag(X[None]), ShapeError,
     "diag: expected a vector or a matrix, got shape (1, 2, 3); use diagonal for more axes"),
    (lambda: take(X, [0.0]), DTypeError,
     "take: expected integer indices, got float64; convert them with astype(int)"),
    (lambda: take(X, [True, False], 0), DTypeError,
     "take: expected integer indices, got bool; convert them with astype(int)"),
    (lambda: take(X, 3, 1), ShapeError,
     "getitem: expected an index inside the shape, got (2, 3) and index=(slice(None, None, "
     "None), array(3)); see x.shape"),
    (lambda: index_select(X, 0, [[1]]), ShapeError,
     "index_select: expected a vector of indices, got shape (1, 1); use take"),
    (lambda: take_along_axis(X, [[0], [0], [0]], 1), ShapeError,
     "take_along_axis: expected other axes that broadcast, got (3, 1) for x of (2, 3); see "
     "gather for smaller indices"),
    (lambda: take_along_axis(X, [0], 1), ShapeError,
     "take_along_axis: expected indices of as many axes as x, got (1,) for x of (2, 3); "
     "reshape them"),
    (lambda: gather(X, 0, [[0, 0, 0, 0]]), ShapeError,
     "gather: expected indices no longer than x, got (1, 4) for x of (2, 3); only the axis "
     "itself may be longer"),
    (lambda: scatter_add(X, 1, [[0], [0], [0]], np.ones((3, 1))), ShapeError,
     "scatter_add: expected indices no longer than x, got (3, 1) for x of (2, 3); only the "
     "axis itself may be longer"),
    (lambda: scatter_add(X, 1, [[0, 1]], np.ones((2, 1, 1))), ShapeError,
     "scatter_add: expected src of as many axes, and no shorter, got (2, 1, 1) for indices of "
     "(1, 2); give one number for each index"),
    (lambda: scatter_add(X, 1, [[0, 1]], np.ones((1, 1))), ShapeError,
     "scatter_add: expected src of as many axes, and no shorter, got (1, 1) for indices of "
     "(1, 2); give one number for each index"),
    (lambda: masked_select(X, [1, 0, 1]), DTypeError,
     "masked_select: expected a mask of truth values, got int64; compare, as in x > 0"),
    (lambda: masked_select(X, [True, False]), ShapeError,
     "broadcast_to: expected a shape that x broadcasts to, got (2,) and shape=(2, 3); "
     "reshape x first"),
    (lambda: masked_fill(X, X, 0.0), DTypeError,
     "masked_fill: expected a mask of truth values, got float64; compare, as in x > 0"),
    (lambda: At(X)[0].set(np.ones(2)), ShapeError,
     "broadcast_to: expected a shape that x broadcasts to, got (2,) and shape=(3,); reshape x "
     "first"),
    (lambda: At(X)[2].add(1.0), ShapeError,
     "getitem: expected an index inside the shape, got (2, 3) and index=2; see x.shape"),
    (lambda: create.zeros((2, -1)), ShapeError,
     "zeros: expected lengths of 0 or more, got shape=(2, -1); give no -1 here"),
    (lambda: create.ones(2.0), DTypeError,
     "ones: expected whole lengths, got shape=2.0; convert them with int"),
    (lambda: create.full(2, leaf(1.0)), GraphError,
     "full: expected a number, got a Tensor with a gradient; broadcast_to keeps it in the "
     "graph"),
    (lambda: create.full(2, 1, requires_grad=True), DTypeError,
     "Tensor: expected a float dtype where requires_grad: integers have no small steps, got "
     "int64; convert with dtype=float"),
    (lambda: create.arange(0, 1, 0), OptionError,
     "arange: expected a step that is not 0, got step=0; see linspace"),
    (lambda: random.normal(0, ()), DTypeError,
     "rng: expected a numpy Generator, got 0; pass np.random.default_rng(0)"),
    (lambda: random.normal(RNG, -1), ShapeError,
     "random: expected lengths of 0 or more, got shape=-1; give no -1 here"),
    (lambda: random.normal(RNG, std=-1.0), OptionError,
     "normal: expected std >= 0, got std=-1.0; see its docstring"),
    (lambda: random.dropout(X, 1.5, RNG), OptionError,
     "dropout: expected p in [0, 1], got p=1.5; see its docstring"),
    (lambda: random.bernoulli(RNG, p=-0.1), OptionError,
     "bernoulli: expected p in [0, 1], got p=-0.1; see its docstring"),
    (lambda: random.randint(RNG, 2, 3, 3), OptionError,
     "randint: expected low < high, got low=3, high=3; see its docstring"),
    (lambda: Tensor([1.0]).to(None), DTypeError,
     "to: expected a device (cpu, cuda) or a dtype, got None; "
     "pass 'cuda', np.float64, or both"),
    (lambda: random.uniform(RNG, 2, 3.0, 2.0), OptionError,
     "uniform: expected low <= high, got low=3.0, high=2.0; see its docstring"),
    (lambda: random.exponential(RNG, 2, -1.0), OptionError,
     "exponential: expected scale >= 0, got scale=-1.0; see its docstring"),
]  # fmt: skip
