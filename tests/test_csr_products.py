"""Products with matrices of almost all zeros, against dense ones; layers that take them."""

from __future__ import annotations

import sys
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.engine import CSR, Tensor
from fusegrad.engine.sparse import SparseRows
from fusegrad.kernels import device, threads
from fusegrad.kernels.compiled import loops
from tests import fake_cupy
from tests.cases.csr import BAGS, NO_WORDS, dense
from tests.ops_sample import leaf, refused
from tests.test_csr import drawn

KERNEL = import_module("fusegrad.kernels.sparse")
FLOATS = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
READERS = pytest.mark.parametrize("start", [0, 10**9], ids=["loops", "formula"])
WIDTHS = pytest.mark.parametrize("width", [1, 2, 3, 4, 9])
# A sum of at most 60 products, each rounded, in any order; half precision adds up in single.
ROUNDINGS = 64
MATRICES = {
    "bags": BAGS,
    "no words": NO_WORDS,
    "many": drawn(40, 30, 900),
    "one row": drawn(1, 50, 60),
    "one column": drawn(50, 1, 60),
    "no rows": drawn(0, 5, 9),
    "no columns": drawn(5, 0, 9),
    "integers": CSR(np.array([3, -2]), [1, 0], [0, 1, 2], (2, 2)),
    "truths": CSR(np.array([True, True]), [1, 1], [0, 2], (1, 2)),
}
every_matrix = pytest.mark.parametrize("name", MATRICES)


def close(got: Any, x: np.ndarray, w: np.ndarray, dtype: Any) -> None:
    """Hold a product of that dtype against one in double precision."""
    got, w = np.asarray(got), w.astype(float)
    assert got.dtype == dtype and got.shape == (x @ w).shape
    most = (
        (ROUNDINGS + 1) * np.finfo(np.promote_types(dtype, np.float32)).eps * (abs(x) @ abs(w))
    )
    rounding = np.finfo(dtype).eps * abs(x @ w) + np.finfo(dtype).smallest_subnormal
    assert np.all(abs(got - x @ w) <= most + rounding)


# ---- products -----------------------------------------------------------------------------
@FLOATS
@READERS
@WIDTHS
@every_matrix
def test_products_are_those_of_the_dense_matrix(
    name: str, width: int, start: int, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KERNEL, "NUMBA_FROM", start)
    x, rng = MATRICES[name], np.random.default_rng(1)
    w = leaf(rng.standard_normal((x.shape[1], width)), dtype=dtype)
    g = rng.standard_normal((len(x), width)).astype(dtype)
    y = fg.csr_matmul(x, w)
    close(y.numpy(), dense(x), w.numpy(), dtype)
    y.backward(g)
    close(w.grad.numpy(), dense(x).T, g, dtype)


@WIDTHS
def test_loops_take_any_layout_and_any_number_of_threads(width: int) -> None:
    x, rng = MATRICES["many"], np.random.default_rng(2)
    given = (x.data, x.indices, x.starts)
    w = rng.standard_normal((x.shape[1], width))
    ways = {}
    for name in ("rows", "rows_parallel", "columns"):
        ways[name] = np.full((len(x), width), np.nan)
        getattr(loops("csr"), name)(*given, w, ways[name])
        close(ways[name], dense(x), w, np.float64)
    assert np.array_equal(ways["rows"], ways["rows_parallel"])
    strided = np.repeat(w, 2, axis=1)[:, ::2]
    for view in (np.asfortranarray(w), strided, w[::-1][::-1]):
        assert fg.csr_matmul(x, view).tobytes() == fg.csr_matmul(x, w).tobytes()


@pytest.mark.parametrize("count", [1, 2])
def test_threads_do_not_change_a_bit(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = MATRICES["many"], np.random.default_rng(3).standard_normal((30, 9))
    by_formula = fg.csr_matmul(x, w)
    monkeypatch.setattr(KERNEL, "NUMBA_FROM", 0)
    number = SimpleNamespace(get_num_threads=lambda: count)
    monkeypatch.setattr(threads, "numba", lambda: number)
    assert np.allclose(fg.csr_matmul(x, w), by_formula, rtol=0, atol=1e-13)
    y = np.empty((40, 9))
    loops("csr").rows(x.data, x.indices, x.starts, w, y)
    assert np.array_equal(fg.csr_matmul(x, w), y)


@READERS
def test_nan_and_inf_stay_where_they_are(start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KERNEL, "NUMBA_FROM", start)
    w = np.ones((4, 5))
    w[1], w[2] = np.nan, np.inf  # of columns that row 1 has no entry for
    y = fg.csr_matmul(BAGS, w)
    assert np.array_equal(y[1], np.full(5, 3.0)) and np.isnan(y[3]).all()
    assert not y[[0, 2, 4]].any()


def test_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    for x in (BAGS, NO_WORDS, MATRICES["many"]):
        w = np.random.default_rng(4).standard_normal((x.shape[1], 3))
        there, here = (leaf(device.to_device(w, name)) for name in ("cuda", "cpu"))
        for p in (there, here):
            (fg.csr_matmul(x, p) ** 2).sum().backward()
        assert there.device == there.grad.device == "cuda"
        found = device.to_device(there.grad.data, "cpu")
        assert np.allclose(found, here.grad, rtol=1e-14, atol=1e-14)


# ---- derivatives ---------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["bags", "many"])
def test_derivatives_of_any_order(name: str) -> None:
    x = MATRICES[name]
    w = np.random.default_rng(5).standard_normal((x.shape[1], 2))
    fg.gradcheck(lambda w: fg.csr_matmul(x, w), w)
    fg.gradgradcheck(lambda w: fg.csr_matmul(x, fg.sin(w)) ** 2, w)
    matrix = fg.jacobian(lambda w: fg.csr_matmul(x, w))(Tensor(w[:, 0])).numpy()
    assert np.allclose(matrix, dense(x), rtol=0, atol=1e-14)
    _, tangent = fg.jvp(lambda w: fg.csr_matmul(x, w), (Tensor(w),), (Tensor(w),))
    assert np.array_equal(tangent, fg.csr_matmul(x, w))


@given(st.integers(0, 99), st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_a_sparse_gradient_is_the_dense_one(seed: int, width: int) -> None:
    x = drawn(7, 40, 25, seed)
    p, q = (leaf(np.zeros((40, width)), dtype=np.float32) for _ in range(2))
    g = np.random.default_rng(seed).standard_normal((7, width)).astype(np.float32)
    fg.csr_matmul(x, p, sparse=True).backward(g)
    fg.csr_matmul(x, q).backward(g)
    assert isinstance(p.grad, SparseRows) and p.grad.shape == p.shape
    assert p.grad.indices.tolist() == sorted(set(x.indices.tolist()))
    assert np.array_equal(p.grad.dense(), q.grad)


def test_a_sparse_gradient_is_dense_where_it_is_no_end() -> None:
    x, w = BAGS, leaf(np.ones((4, 2)))
    fg.csr_matmul(x, w * 1.0, sparse=True).sum().backward()
    assert isinstance(w.grad, Tensor)
    (g,) = fg.vjp(lambda w: fg.csr_matmul(x, w, sparse=True), w)[1](np.ones((5, 2)))
    assert np.array_equal(g, w.grad)


def test_rows_without_words_stand_still() -> None:
    w = leaf(np.ones((4, 2)))
    optimizer = optim.LazyAdam([w], lr=0.1)
    for _ in range(3):
        w.grad = None
        fg.csr_matmul(BAGS[1:2], w, sparse=True).sum().backward()
        optimizer.step()
    assert np.array_equal(w.numpy()[1:3], np.ones((2, 2)))
    assert np.all(w.numpy()[[0, 3]] != 1)


# ---- layers --------------------------------------------------------------------------------
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_takes_bags(bias: bool) -> None:
    layers = [nn.Linear(4, 3, bias, rng=np.random.default_rng(0)) for _ in range(2)]
    for layer, x in zip(layers, (BAGS, dense(BAGS).astype(np.float32))):
        (layer(x) ** 2).sum().backward()
    for a, b in zip(layers[0].parameters(), layers[1].parameters(), strict=True):
        assert a.grad.dtype == np.float32
        assert np.allclose(a.grad, b.grad, rtol=1e-6, atol=1e-6)
    with refused(
        fg.ShapeError,
        "Linear: expected x of shape (..., 5), got (5, 4); reshape x, or build Linear for this "
        "width",
    ):
        nn.Linear(5, 3, rng=np.random.default_rng(0))(BAGS)


def test_training_on_bags_is_training_on_their_numbers() -> None:
    x, labels = MATRICES["many"], np.arange(40) % 2
    layers = [nn.Linear(30, 2, rng=np.random.default_rng(0)) for _ in range(2)]
    optimizers = [optim.Adam(layer.parameters(), lr=0.05) for layer in layers]
    full, losses = dense(x).astype(np.float32), []
    for k in range(60):
        rows = np.random.default_rng(k).permutation(40)[:16]
        for layer, optimizer, batch in zip(layers, optimizers, (x[rows], full[rows])):
            optimizer.zero_grad()
            loss = fg.cross_entropy(layer(batch), labels[rows])
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
    assert np.allclose(losses[::2], losses[1::2], rtol=1e-4)
    assert np.mean(losses[-8:]) < 0.7 * np.mean(losses[:8])
