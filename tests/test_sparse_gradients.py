"""The gradient of a table as some of its rows, beside the dense one: bits, memory, steps."""

from __future__ import annotations

import copy
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad import engine, nn, optim
from fusegrad.engine import Tensor
from fusegrad.engine.ops.tables import take_rows
from fusegrad.engine.sparse import SparseRows
from tests.embedding_sample import SHAPE, WORDS, table, trained
from tests.ops_sample import refused

INDEX = st.lists(st.integers(0, 5), max_size=9)


def rows_of(w: Any, words: Any = WORDS, **how: Any) -> Any:
    """A loss of which every word has a gradient of its own."""
    y = take_rows(w, words, **how)
    weights = np.random.default_rng(1).standard_normal(y.shape)
    return (y * y * Tensor(weights, dtype=y.dtype)).sum()


def bits(g: Any) -> bytes:
    dense = g.dense() if isinstance(g, SparseRows) else g
    return dense.numpy().tobytes()


# ---- a sparse gradient is the dense one, bit for bit ----------------------------------------
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@given(st.lists(INDEX, min_size=1, max_size=3), st.booleans(), st.sampled_from([None, 0, 4]))
@settings(max_examples=30, deadline=None)
def test_sparse_is_dense_in_one_walk_and_over_several(
    dtype: Any, words: Any, at_once: bool, padding: int | None
) -> None:
    p, q = table(dtype), table(dtype)
    for w, sparse in ((p, True), (q, False)):
        losses = [rows_of(w, index, padding_idx=padding, sparse=sparse) for index in words]
        for loss in [sum(losses[1:], losses[0])] if at_once else losses:
            loss.backward()
    assert isinstance(p.grad, SparseRows) and isinstance(q.grad, Tensor)
    assert p.grad.dtype == dtype and p.grad.shape == SHAPE and bits(p.grad) == bits(q.grad)
    seen = {i for index in words for i in index} - {padding}
    assert p.grad.indices.tolist() == sorted(seen)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("sparse_first", [True, False])
def test_some_rows_and_a_whole_table_add_up_to_a_table(
    at_once: bool, sparse_first: bool
) -> None:
    grads = []
    for sparse in (True, False):
        w = table()
        losses = [rows_of(w, sparse=sparse), fg.sin(w).sum()][:: 1 if sparse_first else -1]
        for loss in [losses[0] + losses[1]] if at_once else losses:
            loss.backward()
        assert isinstance(w.grad, Tensor)
        grads.append(bits(w.grad))
    assert grads[0] == grads[1]


def through_a_hook(w: Tensor) -> Any:
    w.register_hook(lambda g: g * 1.0)
    rows_of(w, sparse=True).backward()
    return w.grad


def with_graph(w: Tensor) -> Any:
    rows_of(w, sparse=True).backward(create_graph=True)
    g, w.grad = w.grad, None
    return g


def interior(w: Tensor) -> Any:
    rows_of(w * 1.0, sparse=True).backward()
    return w.grad


def kept(w: Tensor) -> Any:
    held = (w * 1.0).retain_grad()
    rows_of(held, sparse=True).backward()
    return held.grad


def by_rows(w: Tensor) -> Any:
    return fg.jacobian(lambda v: rows_of(v, sparse=True))(w)


def sparse_loss(w: Tensor) -> Any:
    return rows_of(w, sparse=True)


DENSE: dict[str, Callable[[Tensor], Any]] = {
    "a hook": through_a_hook,
    "create_graph": with_graph,
    "an interior table": interior,
    "retain_grad": kept,
    "grad": lambda w: fg.grad(sparse_loss)(w),
    "value_and_grad": lambda w: fg.value_and_grad(sparse_loss)(w)[1],
    "vjp": lambda w: fg.vjp(sparse_loss, w)[1](np.ones(())),
    "jacobian": by_rows,
}


@pytest.mark.parametrize("way", DENSE)
def test_whoever_works_with_gradients_gets_dense_ones(way: str) -> None:
    w = table()
    rows_of(w).backward()
    found = DENSE[way](table())
    found = found[0] if isinstance(found, tuple) else found
    assert isinstance(found, Tensor) and np.array_equal(found, w.grad)


def test_second_derivatives_go_through_a_sparse_look_up() -> None:
    fg.gradcheck(sparse_loss, table().numpy(), order=2)
    w = table()
    hessian = engine.hessian(sparse_loss)(w.numpy()).numpy().reshape(18, 18)
    assert np.allclose(hessian, np.diag(np.diag(hessian)))
    rows_of(w).backward()
    assert np.allclose(np.diag(hessian) * w.numpy().ravel(), w.grad.numpy().ravel())


def test_a_retained_graph_and_a_checkpoint_keep_rows_as_rows() -> None:
    w, again = table(), table()
    loss = rows_of(w, sparse=True)
    loss.backward(retain_graph=True)
    once = w.grad.data.copy()
    loss.backward()
    assert isinstance(w.grad, SparseRows) and np.array_equal(w.grad.data, 2 * once)
    fg.checkpoint(sparse_loss)(again).backward()
    assert isinstance(again.grad, SparseRows) and np.array_equal(again.grad.data, once)


def test_a_leaf_that_is_asked_for_gets_rows_too() -> None:
    w = table()
    rows_of(w, sparse=True).backward(inputs=[w])
    assert isinstance(w.grad, SparseRows)


def test_a_copy_of_a_table_has_a_gradient_of_its_own() -> None:
    w = table()
    rows_of(w, sparse=True).backward()
    twin = copy.deepcopy(w)
    assert isinstance(twin.grad, SparseRows) and bits(twin.grad) == bits(w.grad)
    assert not np.shares_memory(twin.grad.data, w.grad.data)


def test_an_anomaly_in_rows_is_found_at_its_place_in_the_table() -> None:
    w, g = table(), np.ones((2, 3))
    with engine.detect_anomaly():
        rows_of(w, sparse=True).backward()
        y = take_rows(w, [4, 4], sparse=True)
        g *= 1e308
        text = (
            "backward of take_rows (HERE): expected a finite gradient for x, got inf at index "
            "(4, 0) of shape (6, 3); keep x away from where its slope is infinite"
        )
        with refused(engine.NonFiniteError, text):
            y.backward(g)


def test_a_million_rows_cost_what_the_rows_looked_up_cost() -> None:
    layer = nn.Embedding.from_pretrained(
        np.zeros((1_000_000, 8), np.float32), freeze=False, sparse=True
    )
    optimizer = optim.SGD(layer.parameters(), lr=0.5)
    words = np.array([7, 999_999, 7, 0])
    tracemalloc.start()
    (layer(words) * 2.0).sum().backward()
    optimizer.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert layer.weight.grad.indices.tolist() == [0, 7, 999_999]
    assert peak < 1_000_000  # a table has 32 million bytes
    moved = layer.weight.numpy()[:, 0]
    assert np.flatnonzero(moved).tolist() == [0, 7, 999_999]
    assert moved[[0, 7, 999_999]].tolist() == [-1.0, -2.0, -1.0]


# ---- steps ----------------------------------------------------------------------------------
def layers(**chosen: Any) -> tuple[nn.Embedding, nn.Embedding]:
    made = [
        nn.Embedding(6, 3, sparse=sparse, rng=np.random.default_rng(0), **chosen)
        for sparse in (True, False)
    ]
    return made[0], made[1]


BATCHES = [[4, 1, 4], [1, 1], [0, 4, 5, 2, 3]]
EVERY = [[0, 1, 2, 3, 4, 5, 0], [5, 4, 3, 2, 1, 0]]


@pytest.mark.parametrize(
    ("make", "batches"),
    [(optim.SGD, BATCHES), (optim.Adagrad, BATCHES), (optim.LazyAdam, EVERY)],
)
def test_steps_on_rows_are_dense_steps(make: Any, batches: Any) -> None:
    found = [trained(x, make(x.parameters(), lr=0.1), batches) for x in layers(padding_idx=2)]
    assert found[0].tobytes() == found[1].tobytes() and not found[0][2].any()


def test_lazy_adam_leaves_alone_what_was_not_looked_up() -> None:
    lazy, dense = layers()
    before = lazy.weight.numpy().copy()
    found = [
        trained(x, optim.LazyAdam(x.parameters(), lr=0.1), BATCHES[:2]) for x in (lazy, dense)
    ]
    assert (found[0] != before).any(1).tolist() == [k in (1, 4) for k in range(6)]
    assert np.array_equal(found[0][1], found[1][1])  # seen at every step
    assert not np.array_equal(found[0][4], found[1][4])  # Adam moves it on at the second
