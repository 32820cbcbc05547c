"""`at[index]` against a loop over the elements that the index picks, one after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.backward import backpropagate
from fusegrad.engine.ops.updating import At, masked_fill, scatter_add
from fusegrad.kernels import observe
from tests.cases.moving import OPERATIONS, SINGLE, A, B
from tests.ops_sample import Provenance, error, leaf

EPS = float(np.finfo(np.float64).eps)
MEETS: dict[str, Callable[[Any, Any], Any]] = {
    "set": lambda old, new: new,
    "add": lambda old, new: old + new,
    "multiply": lambda old, new: old * new,
    "max": max,
    "min": min,
}
REPEATED: list[tuple[Any, Any, Any]] = [
    ((4,), (5,), [2, 0, 2, -2, 0]),
    ((4,), (), [1, 1, 1]),
    ((3, 2), (4, 2), [0, 2, -3, 0]),
    ((3, 2), (3,), ([0, 0, 1], [1, 1, 0])),
    (B, (2, 3), (slice(None), [1, -2, 1])),
    (B, (2, 1, 2), (..., [[0, 2], [0, 0]])),
    (A, (2, 3), ([1, 1], slice(None), [0, 0])),
    ((4,), (1, 2), (None, [1, 1])),
    (B, (3,), (1, [0, 2, 0])),
    (A, (2, 3), (..., [0, 1, 0], 1)),
    ((3,), (1, 2), (True, [[1, 1]])),
    (A, (2,), ([True, True], [1, 1], 0)),
    ((4,), (2, 3), Tensor([[1, 2, 3], [3, 2, 1]])),
    ((0, 2), (0, 2), []),
]
USES = [(how, *use) for how in MEETS for use in SINGLE + REPEATED]
EACH = pytest.mark.parametrize(("how", "shape", "of_v", "index"), USES, ids=str)


def drawn(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Numbers away from 0 and from each other."""
    rng = np.random.default_rng(3)
    sizes = [int(np.prod(s)) for s in shapes]
    values = rng.permutation(np.linspace(0.5, 1.5, sum(sizes)))
    signs = np.where(np.arange(sum(sizes)) % 3, 1, -1)
    return [
        p.reshape(s) for p, s in zip(np.split(values * signs, np.cumsum(sizes)[:-1]), shapes)
    ]


def one_by_one(how: str, x: np.ndarray, v: np.ndarray, index: Any) -> np.ndarray:
    """The elements that the index picks, in order, each meeting its value."""
    parts = index if isinstance(index, tuple) else (index,)
    index = tuple(p.numpy() if isinstance(p, Tensor) else p for p in parts)
    index = tuple(np.array(p, int if p == [] else None) if p.__class__ is list else p
                  for p in index)  # fmt: skip
    y = x.copy().reshape(-1)
    places = np.asarray(np.arange(x.size).reshape(x.shape)[index])
    for place, value in zip(places.ravel(), np.broadcast_to(v, places.shape).ravel()):
        y[place] = MEETS[how](y[place], value)
    return y.reshape(x.shape)


@EACH
def test_value_is_that_of_a_loop(how: str, shape: Any, of_v: Any, index: Any) -> None:
    x, v = drawn(shape, of_v)
    before = x.copy()
    wanted = one_by_one(how, x, v, index)
    got = getattr(At(x)[index], how)(v)
    assert got.__class__ is np.ndarray and error(got, wanted) <= 4 * EPS
    y = getattr(At(Tensor(x))[index], how)(Tensor(v))
    assert isinstance(y, Tensor) and np.array_equal(y, got)
    assert np.array_equal(x, before) and not np.shares_memory(got, x)


@EACH
def test_derivatives(how: str, shape: Any, of_v: Any, index: Any) -> None:
    args = drawn(shape, of_v)

    def updated(x: Any, v: Any) -> Any:
        return getattr(At(x)[index], how)(v)

    fg.gradcheck(updated, *args, order=2)
    fg.gradcheck(lambda x, v: fg.sin(updated(fg.sin(x), v * v)), *args, order=2)
    rows = fg.jacobian(updated, (0, 1))(*args)
    columns = fg.jacobian(updated, (0, 1), mode="forward")(*args)
    assert all(error(r, c) <= 8 * EPS for r, c in zip(rows, columns))


@EACH
def test_dtype_is_kept(how: str, shape: Any, of_v: Any, index: Any) -> None:
    for kind in (np.float16, np.float32):
        x, v = leaf(drawn(shape)[0], kind), leaf(drawn(of_v)[0], np.float64)
        y = getattr(At(x)[index], how)(v)
        y.backward(np.ones(shape))
        assert [a.dtype for a in (y, x.grad, v.grad)] == [kind, kind, np.float64]
        assert [a.shape for a in (y, x.grad, v.grad)] == [shape, shape, of_v]


@pytest.mark.parametrize("create_graph", [False, True])
@EACH
def test_everything_is_computed_by_kernels(
    how: str, shape: Any, of_v: Any, index: Any, create_graph: bool
) -> None:
    args = [leaf(a) for a in drawn(shape, of_v)]
    picked = index.data if isinstance(index, Tensor) else index
    with observe(watch := Provenance(picked, *(a.data for a in args))):
        y = getattr(At(args[0])[index], how)(args[1])
        watch.demand(y.data, "the update returns")
        seed = np.ones(y.shape)
        watch.known.append(seed)
        g: Any = Tensor._of(seed) if create_graph else seed
        for gradient in backpropagate([y.node], [g], create_graph=create_graph).values():
            watch.demand(getattr(gradient, "data", gradient), "backward returns")


@pytest.mark.parametrize("how", MEETS)
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_any_list_of_indices(how: str, data: Any) -> None:
    n = data.draw(st.integers(1, 5))
    index = data.draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=17))
    x, v = drawn((n,), (len(index),))
    assert error(getattr(At(x)[index], how)(v), one_by_one(how, x, v, index)) <= 16 * EPS
    fg.gradcheck(lambda x, v: getattr(At(x)[index], how)(v), x, v)


# ---- gradients by hand ----------------------------------------------------------------------
def test_the_last_of_repeated_values_alone_gets_a_gradient() -> None:
    x, v = leaf([1.0, 2.0, 3.0]), leaf([4.0, 5.0, 6.0])
    y = At(x)[[1, 1, 0]].set(v)
    (y * [1.0, 10.0, 100.0]).sum().backward()
    assert y.numpy().tolist() == [6, 5, 3]
    assert x.grad.numpy().tolist() == [0, 0, 100] and v.grad.numpy().tolist() == [0, 10, 1]


def test_a_product_of_repeated_zeros_has_the_derivatives_of_a_product() -> None:
    def f(x: Any, v: Any) -> Any:
        return At(x)[[0, 0]].multiply(v)[0]

    x, v = np.array([2.0]), np.array([0.0, 0.0])
    assert fg.grad(f, 1)(x, v).numpy().tolist() == [0, 0]
    assert fg.hessian(lambda v: f(x, v))(v).numpy().tolist() == [[0, 2], [2, 0]]
    assert fg.grad(f, 1)(x, np.array([0.0, 3.0])).numpy().tolist() == [6, 0]


def test_ties_share_two_by_two() -> None:
    x, v = leaf([1.0, 5.0]), leaf([1.0, 1.0, 1.0, 0.0])
    At(x)[[0, 0, 0, 0]].max(v).sum().backward()
    assert x.grad.numpy().tolist() == [0.5, 1] and v.grad.numpy().tolist() == [
        0.125, 0.125, 0.25, 0]  # fmt: skip
    assert At(np.zeros(1))[[0] * 9].min(-np.arange(9.0)).tolist() == [-8]


def test_what_is_replaced_does_not_leak() -> None:
    x, v = leaf([np.nan, np.inf, 1.0]), leaf([2.0, np.nan])
    y = At(x)[:2].set(1.0)
    y.sum().backward()
    assert y.numpy().tolist() == [1, 1, 1] and x.grad.numpy().tolist() == [0, 0, 1]
    y = At(Tensor([0.0]))[[0, 0]].set(v[::-1])
    y.sum().backward()
    assert y.numpy().tolist() == [2] and v.grad.numpy().tolist() == [1, 0]
    filled = masked_fill(x, np.array([True, True, False]), -np.inf)
    x.grad = None
    filled.backward(np.ones(3))
    assert filled.numpy().tolist() == [-np.inf, -np.inf, 1] and x.grad.numpy().tolist() == [
        0, 0, 1]  # fmt: skip


def test_an_update_keeps_the_sign_of_zero_and_the_dtype_of_whole_numbers() -> None:
    assert np.signbit(At(np.array([-0.0, 1.0]))[1].set(-0.0)).all()
    assert At(np.array([1, 2]))[0].set(7.9).tolist() == [7, 2]
    assert At(np.array([True, False]))[:].set(True).dtype == bool
    index = np.array([0, 0])
    part = At(np.zeros(2))[index]
    index[:] = 1  # comes too late
    assert part.add(1.0).tolist() == [2, 0]


def test_many_values_for_one_place_take_few_steps() -> None:
    kernels: list[str] = []
    with observe(lambda kernel, args, params, y: kernels.append(kernel.name)):
        y = At(np.ones(2))[np.zeros(1000, int)].multiply(np.full(1000, 1.001))
    assert error(y, [1.001**1000, 1.0]) <= 1000 * EPS and len(kernels) < 80


# ---- masked_fill and scatter_add ------------------------------------------------------------
MASK = np.arange(6).reshape(B) % 4 > 0
INDEX = np.array([[2, 0, 2], [1, 2, 0]])
OTHERS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]] = {
    "a number": (lambda x: masked_fill(x, MASK, 2.0), lambda t, x: x.masked_fill(
        t.tensor(MASK), 2.0), (B,)),
    "a Tensor": (lambda x, v: masked_fill(x, MASK[0], v), lambda t, x, v: x.masked_fill(
        t.tensor(MASK[0]), v), ((2, 2, 3), ())),
    "along 1": (lambda x, s: scatter_add(x, 1, INDEX, s), lambda t, x, s: x.scatter_add(
        1, t.tensor(INDEX), s), (B, B)),
    "along 0": (lambda x, s: scatter_add(x, -2, INDEX[:, :2], s), lambda t, x, s:
        x.scatter_add(0, t.tensor(INDEX[:, :2]), s[:, :2]), ((3, 3), B)),
    "of nothing": (lambda x, s: scatter_add(x, 0, INDEX[:0], s), lambda t, x, s:
        x.scatter_add(0, t.tensor(INDEX[:0]), s[:0]), ((3, 3), B)),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_masked_fill_and_scatter_add_agree_with_torch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs, shapes = OTHERS[name]
    args = drawn(*shapes)
    fg.gradcheck(lambda *x: fg.sin(ours(*x)), *args, order=2)
    mine, other = [leaf(a) for a in args], [torch.tensor(a, requires_grad=True) for a in args]
    y, z = ours(*mine), theirs(torch, *other)
    weights = np.cos(np.arange(y.size)).reshape(y.shape)
    (y * weights).sum().backward()
    (z * torch.tensor(weights)).sum().backward()
    assert error(y, z.detach().numpy()) <= 4 * EPS
    assert all(error(a.grad, b.grad.numpy()) <= 8 * EPS for a, b in zip(mine, other))


def test_masked_fill_and_scatter_add_keep_the_dtype() -> None:
    for kind in (np.float16, np.float32, np.int64):
        x = np.zeros(B, kind)
        assert masked_fill(x, MASK, 2.5).dtype == scatter_add(x, 1, INDEX, x + 1).dtype == kind
    assert scatter_add(np.zeros(B), 1, INDEX, np.ones(B)).tolist() == [[1, 0, 2], [1, 1, 1]]


@pytest.mark.parametrize(("shapes", "params"), OPERATIONS["index_set"].uses, ids=str)
def test_setting_agrees_with_torch(shapes: Any, params: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    known, args = OPERATIONS["index_set"], drawn(*shapes)
    mine, other = [leaf(a) for a in args], [torch.tensor(a, requires_grad=True) for a in args]
    y, z = known.call(*mine, *params), known.torch(torch, *other, *params)
    y.backward(np.cos(args[0]))
    z.backward(torch.tensor(np.cos(args[0])))
    assert np.array_equal(y, z.detach().numpy())
    assert all(error(a.grad, b.grad.numpy()) == 0 for a, b in zip(mine, other))
