"""Tables of embeddings: constant rows, short rows, bags. Gradients of some rows alone stand in
test_sparse_gradients.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import engine, nn, optim
from fusegrad.engine.ops.indexing import segment_max
from fusegrad.engine.ops.tables import take_rows
from tests.embedding_sample import SHAPE, WORDS, table, trained
from tests.ops_sample import leaf


# ---- padding --------------------------------------------------------------------------------
@pytest.mark.parametrize("sparse", [True, False])
def test_the_row_of_padding_is_a_constant(sparse: bool) -> None:
    """Beside a table in which that row was put in from outside."""
    w = table().numpy()
    others = np.delete(w, 4, 0)

    def looked_up(free: Any) -> Any:
        whole = fg.concat([free[:4], w[4:5], free[4:]])
        return fg.sin(take_rows(whole, WORDS, 4, sparse))

    fg.gradcheck(looked_up, others, order=2)
    direction = np.random.default_rng(3).standard_normal(SHAPE)
    value, tangent = engine.jvp(lambda v: take_rows(v, WORDS, -2, sparse), (w,), (direction,))
    wanted = np.where((WORDS == 4)[..., None], 0.0, direction[WORDS])
    assert np.array_equal(value, w[WORDS]) and np.array_equal(tangent, wanted)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("make", [nn.Embedding, nn.EmbeddingBag])
def test_the_row_of_padding_starts_at_zero_and_stays(make: Any, sparse: bool) -> None:
    layer = make(6, 3, padding_idx=-1, sparse=sparse, rng=np.random.default_rng(0))
    assert layer.padding_idx == 5
    free = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    assert np.array_equal(layer.weight.numpy()[:5], free[:5])
    assert not layer.weight.numpy()[5].any()
    trained(layer, optim.SGD(layer.parameters(), lr=0.1), [np.array([[5, 1, 5]])] * 2)
    assert not layer.weight.numpy()[5].any() and (layer.weight.numpy()[1] != free[1]).all()


def test_a_table_that_was_given_is_kept_whole_and_still() -> None:
    given_table = np.arange(6.0).reshape(3, 2)
    layer = nn.Embedding.from_pretrained(given_table, padding_idx=1)
    given_table[:] = 9.0
    assert layer([1, 2]).numpy().tolist() == [[2, 3], [4, 5]]
    assert not layer([1]).requires_grad and layer.weight.dtype == np.float64
    assert repr(layer) == "Embedding(3, 2, padding_idx=1)"


# ---- max_norm -------------------------------------------------------------------------------
@pytest.mark.parametrize("order", [1.0, 2.0, 2.5, np.inf])
def test_rows_looked_up_are_shortened_in_place_and_no_others(order: float) -> None:
    layer = nn.Embedding.from_pretrained(
        table(seed=2).numpy() * [[9], [9], [9], [0.01], [9], [0]], False, None, 1.5, order
    )
    before = layer.weight.numpy().copy()
    y = layer(WORDS[:, ::-1]).numpy()
    layer([3, 5])
    for k, row in enumerate(layer.weight.numpy()):
        length = np.linalg.norm(before[k], order)
        if k in (0, 1, 4):
            assert np.allclose(row, before[k] * 1.5 / (length + 1e-7), rtol=1e-14)
        else:
            assert row.tobytes() == before[k].tobytes()
    assert np.array_equal(y, layer.weight.numpy()[WORDS[:, ::-1]])


def test_a_graph_from_before_rows_were_shortened_refuses() -> None:
    layer = nn.Embedding.from_pretrained(10 * np.ones(SHAPE), False, max_norm=1.0)
    squares = (layer.weight**2).sum()
    version = layer.weight.version
    layer([0, 0])
    assert layer.weight.version == version + 1
    layer([0])  # which is short by now
    assert layer.weight.version == version + 1
    with pytest.raises(fg.GraphError, match="got one changed 1 time"):
        squares.backward()


def test_wrong_indices_shorten_nothing() -> None:
    bag = nn.EmbeddingBag(4, 2, "sum", max_norm=0.1, rng=np.random.default_rng(0))
    before = bag.weight.numpy().copy()
    for wrong in (([[0, 4]],), ([0.0], [0]), ([0], [1]), ([[0]], None, [[1]])):
        with pytest.raises(fg.FusegradError):
            bag(*wrong)
    assert np.array_equal(bag.weight.numpy(), before)


def test_a_checkpoint_does_not_shorten_twice() -> None:
    grads = []
    for wrap in (fg.checkpoint, lambda f: f):
        layer = nn.Embedding.from_pretrained(table().numpy() * 9, False, max_norm=0.7)
        (wrap(layer)(WORDS) ** 2).sum().backward()
        grads.append(layer.weight.grad.numpy())
    assert np.array_equal(*grads)


# ---- bags -----------------------------------------------------------------------------------
OFFSETS = np.array([0, 3, 3, 7])
LIST = np.array([0, 2, 2, 3, 1, 0, 4])


@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
@pytest.mark.parametrize("padding", [None, 2, 0])
def test_a_bag_is_a_loop_over_its_words(mode: str, padding: int | None) -> None:
    bag = nn.EmbeddingBag(5, 3, mode, padding_idx=padding, rng=np.random.default_rng(0))
    bag.to(np.float64)
    w = bag.weight.numpy()
    for row, words in zip(bag(LIST, OFFSETS).numpy(), np.split(LIST, OFFSETS[1:]), strict=True):
        kept = [w[i] for i in words if i != padding]
        fold = {"mean": np.mean, "sum": np.sum, "max": np.max}[mode]
        wanted = fold(kept, axis=0) if kept else np.zeros(3)
        assert np.allclose(row, wanted, rtol=1e-14)
    assert repr(bag).endswith(f"mode='{mode}')")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_come_in_the_dtype_of_the_table(dtype: Any) -> None:
    bag = nn.EmbeddingBag(5, 3, "sum", rng=np.random.default_rng(0)).to(dtype)
    weights = leaf(np.linspace(-1, 2, 7), np.float64)
    y = bag(LIST, OFFSETS, weights)
    y.sum().backward()
    assert y.dtype == dtype and weights.grad.dtype == np.float64
    assert np.allclose(weights.grad, bag.weight.numpy()[LIST].sum(1), rtol=1e-6)
    again = bag(LIST, OFFSETS, weights.numpy().tolist())
    assert np.array_equal(again, y)


def test_the_first_of_equals_and_any_nan_is_the_largest() -> None:
    x = leaf([[1.0, 5], [1, np.nan], [0, 7], [3, 1], [-np.inf, -2]])
    y = segment_max(x, [0, 3, 3, 4, 5])
    assert np.array_equal(y, [[1, np.nan], [0, 0], [3, 1], [-np.inf, -2]], equal_nan=True)
    y.backward(np.ones((4, 2)))
    assert np.array_equal(x.grad, [[1, 0], [0, 1], [0, 0], [1, 1], [1, 1]])
    assert segment_max(np.zeros((0, 2)), [0, 0]).tolist() == [[0, 0]]
