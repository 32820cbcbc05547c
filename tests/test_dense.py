"""`linear` beyond its table of cases: large products, which take another way, and both readings
of its vjps; and that BLAS keeps to one thread where more would wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import Tensor
from fusegrad.engine.fused import Fused
from fusegrad.engine.ops.dense import LINEAR
from fusegrad.kernels import blas, compiled, locking, matmul, observe

INNER = 70
# Sums of INNER products below 1, were each step off by a unit, and all in one direction.
WITHIN = {np.dtype(t): INNER * float(np.finfo(t).eps) for t in (np.float32, np.float64)}
LARGE = (128, INNER), (272, INNER)


def numbers(*shapes: Any, dtype: Any = np.float64) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.uniform(-1, 1, s).astype(dtype) for s in shapes]


# ---- large ----------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lead", [(128,), (2, 64), (300,)])
@pytest.mark.parametrize("width", [272, 275])  # in whole strips of columns, and beyond
@pytest.mark.parametrize("has_bias", [True, False])
def test_a_large_product_is_the_sum_of_products(
    lead: Any, width: int, dtype: Any, has_bias: bool
) -> None:
    x, w, b = numbers((*lead, INNER), (width, INNER), width, dtype=dtype)
    given = (x, w, b) if has_bias else (x, w)
    y = matmul.linear(*given)
    exact = [a.astype(np.longdouble) for a in given]
    wanted = exact[0] @ exact[1].T + (exact[2] if has_bias else 0)
    assert y.dtype == dtype and y.shape == wanted.shape and not locking.is_view(y)
    assert abs(y - wanted).max() <= WITHIN[np.dtype(dtype)]


LAYOUTS = {
    "in rows": (1, lambda x: x),
    "few": (0, lambda x: x[:100]),
    "more than a cache holds": (0, lambda x: np.tile(x, (3, 1))),
    "with gaps": (0, lambda x: np.repeat(x, 2, axis=0)[::2]),
    "in columns": (0, np.asfortranarray),
    "halves, which are widened": (1, lambda x: x.astype(np.float16)),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_only_what_gains_is_computed_turned(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr(
        matmul, "loops", lambda name: taken.append(name) or compiled.loops(name)
    )
    count, lay = LAYOUTS[name]
    x, w = numbers(*LARGE, dtype=np.float32)
    matmul.linear(lay(x), w.astype(lay(x).dtype))
    assert taken == ["dense"] * count


def test_halves_add_up_in_float32_and_are_rounded_once() -> None:
    x, w, b = numbers((4, 3000), (2, 3000), (2,), dtype=np.float16)
    wanted = x.astype(float) @ w.astype(float).T + b.astype(float)
    for y in (matmul.linear(x, w, b), matmul.linear(x, w.astype(np.float32), b)):
        eps = float(np.finfo(y.dtype).eps)
        assert abs(y - wanted).max() <= max(eps, 3e-5) * abs(wanted).max()
    assert matmul.linear(x, w, b).dtype == np.float16


# ---- vjps -----------------------------------------------------------------------------------
SHAPES = [((5, 3), (4, 3)), ((3,), (4, 3)), ((2, 0, 3), (4, 3)), ((2, 5, 3), (4, 3))]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("i", [0, 1, 2])
@pytest.mark.parametrize("rows", [0, 6])  # gradients at once
def test_both_readings_of_a_vjp_agree(shapes: Any, i: int, rows: int) -> None:
    vjp: Any = LINEAR.vjps[i]
    assert isinstance(vjp, Fused)
    many = (rows,) if rows else ()
    x, w, g = numbers(*shapes, (*many, *shapes[0][:-1], 4))
    held = {"x": x[None] if rows else x, "weight": w[None] if rows else w, "g": g}
    shape = (*many, *[*shapes, (4,)][i])
    given = [{**held, "input_shape": shape}[n] for n in vjp.names]
    fused = vjp(*given)
    by_ops = vjp(*[Tensor(a) if isinstance(a, np.ndarray) else a for a in given])
    assert fused.shape == by_ops.shape == shape
    assert np.allclose(fused, by_ops.numpy(), rtol=0, atol=WITHIN[fused.dtype])


def test_the_jacobian_of_a_layer_is_made_of_its_weights() -> None:
    x, w, b = numbers((2, 3), (4, 3), (4,))
    dx, dw, db = fg.jacobian(fg.linear, argnums=(0, 1, 2))(x, w, b)
    eye, out = np.eye(2), np.eye(4)
    assert np.allclose(dx, np.einsum("bc,oi->boci", eye, w), rtol=1e-15)
    assert np.allclose(dw, np.einsum("op,bi->bopi", out, x), rtol=1e-15)
    assert np.array_equal(db, np.broadcast_to(out, (2, 4, 4)))


def test_a_layer_is_one_op_and_its_gradients_are_arrays_of_their_own() -> None:
    layer, kernels = nn.Linear(3, 4, rng=np.random.default_rng(0)), []
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    with observe(lambda kernel, args, params, y: kernels.append(kernel.name)):
        y = layer(x)
        y.backward(np.ones((2, 4), np.float32))
    vjps = [f"linear_{name}_vjp" for name in ("x", "weight", "bias")]
    assert kernels == ["linear", *vjps] and y.node is not None and y.node.op is LINEAR
    for leaf in (x, *layer.parameters()):
        assert not locking.is_view(leaf.grad.data)


# ---- threads of the BLAS --------------------------------------------------------------------
@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """OpenBLAS as a user has it who lets it have two threads; gives how it is asked."""
    monkeypatch.delenv("FUSEGRAD_THREADS", raising=False)
    found = blas.calls()
    if found is None:
        pytest.skip("NumPy stands on another BLAS, which is left alone")
    ask, tell = found
    before = ask()
    tell(2)
    yield ask
    tell(before)


def test_small_products_take_one_thread_and_large_ones_the_users(
    two_threads: Any,
) -> None:
    assert blas.on_threads(blas.THREADS_FROM - 1, two_threads) == 1
    assert two_threads() == 2
    assert blas.on_threads(blas.THREADS_FROM, two_threads) == 2


def test_an_own_limit_holds_for_large_products_and_raises_nothing(
    two_threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("1", "2"):
        monkeypatch.setenv("FUSEGRAD_THREADS", limit)
        assert blas.on_threads(blas.THREADS_FROM, two_threads) <= int(limit)
        assert two_threads() == 2
    blas.calls()[1](1)  # type: ignore[index]
    assert blas.on_threads(blas.THREADS_FROM, two_threads) == 1


def test_the_users_threads_come_back_after_a_product_that_fails(two_threads: Any) -> None:
    with pytest.raises(ValueError, match="mismatch"):
        matmul.matmul(np.ones((2, 3)), np.ones((2, 3)))
    assert two_threads() == 2


def test_every_product_asks_how_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def on_threads(flops: float, product: Any, *args: Any, **named: Any) -> Any:
        seen.append(flops)
        return product(*args, **named)

    monkeypatch.setattr(matmul, "on_threads", on_threads)
    x, w, g = numbers((5, 3), (4, 3), (5, 4))
    matmul.matmul(x, w.T)
    matmul.linear(x, w)
    matmul.linear_x_vjp(g, w, (5, 3))
    matmul.linear_weight_vjp(g, x, (4, 3))
    assert seen == [2 * 5 * 4 * 3] * 4


def test_another_blas_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "NAMES", (("no_", "_such"),))
    blas.calls.cache_clear()
    try:
        assert blas.calls() is None and blas.on_threads(0, max, 1, 2) == 2
    finally:
        blas.calls.cache_clear()
