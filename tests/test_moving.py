"""Everything composed from reshape, transpose, broadcast and picking: the value is NumPy's own,
bit by bit; derivatives, dtypes and PyTorch as for an op."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.backward import backpropagate
from fusegrad.engine.ops.diagonals import diag, tril, triu
from fusegrad.engine.ops.indexing import segment_sum
from fusegrad.engine.ops.padding import pad
from fusegrad.engine.ops.picking import take, take_along_axis
from fusegrad.engine.ops.pieces import flip, roll, tile
from fusegrad.engine.ops.random import dropout
from fusegrad.engine.ops.rearrange import flatten
from fusegrad.engine.ops.updating import At, masked_fill, scatter_add
from fusegrad.kernels import observe
from tests import fake_cupy
from tests.cases import numbers
from tests.cases.moves import MASK, MOVES, B, Move
from tests.ops_sample import Provenance, error, leaf

EACH = pytest.mark.parametrize("move", MOVES, ids=lambda m: m.name.replace(" ", "-")[:60])


def parts_of(y: Any) -> list[Any]:
    return list(y) if isinstance(y, (tuple, list)) else [y]


def joined(y: Any) -> Any:
    """Everything a function returns, as one vector."""
    return fg.concat([fg.reshape(p, (int(np.prod(p.shape)),)) for p in parts_of(y)])


@EACH
def test_value_is_that_of_numpy(move: Move) -> None:
    args = numbers(move.shapes)
    wanted = parts_of(move.numpy(*[np.asarray(a) for a in args]))
    for got in (move.ours(*args), move.ours(*map(Tensor, args))):
        assert [p.shape for p in parts_of(got)] == [p.shape for p in wanted]
        assert all(np.array_equal(p, w) for p, w in zip(parts_of(got), wanted))
    assert all(isinstance(p, np.ndarray) for p in parts_of(move.ours(*args)))
    assert all(isinstance(p, Tensor) for p in parts_of(move.ours(*map(Tensor, args))))


@EACH
def test_derivatives(move: Move) -> None:
    args = numbers(move.shapes)
    fg.gradcheck(lambda *x: joined(move.ours(*x)), *args, order=2)

    def curved(*x: Any) -> Any:
        return fg.sin(joined(move.ours(*(v * v for v in x))))

    fg.gradcheck(curved, *args, order=2)
    everything = tuple(range(len(args)))
    rows = fg.jacobian(curved, everything)(*args)
    columns = fg.jacobian(curved, everything, mode="forward")(*args)
    assert all(error(r, c) <= 1e-14 for r, c in zip(rows, columns))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@EACH
def test_dtype_is_kept(move: Move, dtype: Any) -> None:
    args, seen = [leaf(a, dtype) for a in numbers(move.shapes)], set()
    with observe(lambda kernel, args, params, y: seen.add(y.dtype)):
        y = joined(move.ours(*args))
        y.backward(np.ones(y.shape))
    assert {d for d in seen if d.kind == "f"} == {np.dtype(dtype)} == {y.dtype}
    assert [(a.grad.shape, a.grad.dtype) for a in args] == [(a.shape, dtype) for a in args]


@pytest.mark.parametrize("create_graph", [False, True])
@EACH
def test_everything_is_computed_by_kernels(move: Move, create_graph: bool) -> None:
    args = [leaf(a) for a in numbers(move.shapes)]
    with observe(watch := Provenance(*move.params, *(a.data for a in args))):
        y = joined(move.ours(*args))
        seed = np.ones(y.shape)
        watch.known.append(seed)
        g: Any = Tensor._of(seed) if create_graph else seed
        for gradient in backpropagate([y.node], [g], create_graph=create_graph).values():
            watch.demand(getattr(gradient, "data", gradient), "backward returns")


@pytest.mark.parametrize("move", [m for m in MOVES if m.torch], ids=lambda m: m.name[:60])
def test_torch_agrees(move: Move) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    args = numbers(move.shapes)
    mine, theirs = [leaf(a) for a in args], [torch.tensor(a, requires_grad=True) for a in args]
    assert move.torch is not None
    outputs = parts_of(move.ours(*mine)), parts_of(move.torch(torch, *theirs))
    assert [p.shape for p in outputs[0]] == [tuple(p.shape) for p in outputs[1]]
    y, z = joined(outputs[0]), torch.cat([p.reshape(-1) for p in outputs[1]])
    weights = np.cos(np.arange(y.size))
    (y * weights).sum().backward()
    (z * torch.tensor(weights)).sum().backward()
    assert np.array_equal(y, z.detach().numpy())
    for a, b in zip(mine, theirs):
        assert error(a.grad, b.grad.numpy()) <= 1e-15 * max(1, y.size)


def test_integers_and_truth_values_move_as_they_are() -> None:
    for x in (np.arange(6).reshape(B), MASK):
        for f, known in ((tril, np.tril), (flip, np.flip), (diag, np.diag)):
            assert f(x).dtype == known(x).dtype and np.array_equal(f(x), known(x))
    padded = pad(np.arange(3), 1, value=7)
    assert pad([1.0], 1, value=-np.inf).tolist() == [-np.inf, 1, -np.inf] and pad(2.0, 1) == 2
    assert padded.tolist() == [7, 0, 1, 2, 7] and padded.dtype == np.arange(3).dtype


def test_what_a_triangle_leaves_out_does_not_leak() -> None:
    x = leaf([[1.0, np.nan], [np.inf, 2.0]])
    fg.sum(tril(triu(x))).backward()
    assert tril(triu(x)).numpy().tolist() == [[1, 0], [0, 2]]
    assert x.grad.numpy().tolist() == [[1, 0], [0, 1]]


def test_half_precision_adds_up_in_single() -> None:
    """5000 times 1 is 5000; added up in float16 it would stop at 2048."""
    x = leaf(np.ones(2), np.float16)
    for index in (np.zeros(5000, int), (np.zeros((5000, 1), int),)):
        x.grad = None
        fg.sum(fg.reshape(x[index], (-1, 1)), 1).backward(np.ones(5000))
        assert x.grad.numpy().tolist() == [5000, 0] and x.grad.dtype == np.float16
    total = segment_sum(np.ones(5000, np.float16), [0, 5000, 5000])
    assert total.tolist() == [5000, 0] and total.dtype == np.float16


def test_lists_numbers_and_lists_of_tensors_are_taken() -> None:
    assert flatten([[1.0], [2.0]]).tolist() == [1, 2] and tile(2.0, 2).tolist() == [2, 2]
    x = leaf(3.0)
    roll([x, x * 2.0], 1)[0].backward()
    assert x.grad.item() == 2.0
    assert take(x * np.ones(3), Tensor([0, 2])).shape == (2,)


ON_GPU: list[Callable[[Any], Any]] = [
    lambda x: pad(x, 1, value=2.0),
    lambda x: pad(x, 1, "reflect"),
    lambda x: tril(triu(x)),
    lambda x: diag(x[0], 1),
    lambda x: roll(tile(flip(x), 2), 1),
    lambda x: take_along_axis(x, np.array([[0], [1]]), 1),
    lambda x: scatter_add(x, 1, np.array([[0, 0]]), x),
    lambda x: masked_fill(x, x > 0, 7.0),
    lambda x: At(x)[[0, 0]].set(x),
    lambda x: At(x)[:, [0, 0]].multiply(2.0),
    lambda x: At(x)[np.array([[1, 1], [0, 1]])].add([1.0, 2.0, 3.0]),
    lambda x: fg.sin(dropout(x, 0.5, np.random.default_rng(0))),
]


@pytest.mark.parametrize("k", range(len(ON_GPU)))
def test_the_gpu_gives_the_same(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the stand-in, which refuses arrays of the host wherever one of the device belongs."""
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    x = numbers((B,))[0]
    there = fake_cupy.MODULE.asarray(x)
    gradient = fg.grad(lambda x: (ON_GPU[k](x) * ON_GPU[k](x)).sum())
    on_host, on_device = gradient(x), gradient(there)
    assert on_device.device == "cuda" and np.array_equal(on_host, on_device.data.get())
