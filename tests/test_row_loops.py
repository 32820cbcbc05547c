"""Compiled loops over rows, where they could go wrong: softmax and its kin, normalisation."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine.backward import backpropagate
from fusegrad.engine.ops.normalise import normalise
from fusegrad.kernels import by_rows, norms, observe, rows
from tests.fused_sample import assert_close, begin_loops_at_one, gradients
from tests.ops_sample import error, leaf

INF, NAN = np.inf, np.nan
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled loops begin at one element."""
    begin_loops_at_one(monkeypatch)


# ---- hard rows ------------------------------------------------------------------------------
LABELS = (0, 2, 1)


def wave(x: Any, phase: float = 0.0) -> np.ndarray:
    """A number for each column, in the dtype of x."""
    return np.cos(np.arange(x.shape[-1]) + phase).astype(x.dtype)


CALLS: dict[str, Callable[..., Any]] = {
    "softmax": fg.softmax,
    "log_softmax": fg.log_softmax,
    "logsumexp": lambda x: fg.logsumexp(x, -1),
    "logsumexp of all": fg.logsumexp,
    "logsumexp of axes that stay": lambda x: fg.logsumexp(x, (-2, -1), keepdims=True),
    **{
        f"cross_entropy {way}": lambda x, way=way: fg.cross_entropy(
            x, np.resize(LABELS, len(x)) % max(x.shape[-1], 1), way
        )
        for way in ("none", "sum", "mean")
    },
    "layer norm": lambda x: normalise(x, wave(x), wave(x, 1.0)),
    "layer norm alone": lambda x: normalise(x, axis=-1),
    "layer norm with numbers": lambda x: normalise(x, 2, -0.5),
    "rms norm": lambda x: normalise(x, wave(x), is_centred=False),
    "group norm": lambda x: normalise(
        fg.reshape(x, (1, *x.shape)), wave(x.T)[:, None], wave(x.T, 1.0)[:, None]
    ),
    "batch norm": lambda x: normalise(
        fg.reshape(x, (1, -1, *x.shape[1:])), np.ones((len(x.data), 1), x.dtype), axis=(0, 2)
    ),
}


def drawn(rows: int, columns: int) -> np.ndarray:
    """Numbers around 0 that float32 holds, of which none repeats."""
    rng = np.random.default_rng([rows, columns])
    return (3 * rng.standard_normal((rows, columns))).astype(np.float32)


HARD: dict[str, np.ndarray] = {
    **{f"{r} x {c}": drawn(r, c) for r, c in [(1, 1), (1, 7), (5, 1), (3, 33), (2, 1200)]},
    "many rows": drawn(300, 513),
    "a large offset": np.round(drawn(3, 600) * 64) / 64 + 4096,
    "large": drawn(3, 40) * 1e4,
    "equal": np.full((3, 700), 0.1, np.float32),
    "masked": np.where(drawn(3, 40) > 1, -INF, drawn(3, 40)),
    "nothing but -inf": np.full((2, 5), -INF),
    "inf": np.array([[1.0, INF, 2], [INF, INF, 0], [-INF, INF, 0]]),
    "nan": np.array([[1.0, NAN, 2], [-NAN, -1, -2], [1, 2, 3]]),
    "negative": -1 - abs(drawn(3, 50)),
    "zeros of both signs": np.array([[0.0, -0.0, 0], [-0.0, -0.0, -0.0], [1, -0.0, 0]]),
}
SHIFTED = {"a large offset": 64.0, "large": 8.0}  # times less exact: softmax of large numbers


@every_dtype
@pytest.mark.parametrize("rows", HARD)
@pytest.mark.parametrize("name", CALLS)
def test_loops_and_formulas_agree_on_hard_rows(
    name: str, rows: str, dtype: Any, request: pytest.FixtureRequest
) -> None:
    formulas = gradients(CALLS[name], [HARD[rows]], dtype, False)
    request.getfixturevalue("loops")
    found = gradients(CALLS[name], [HARD[rows]], dtype, False)
    assert_close(found, formulas, dtype, SHIFTED.get(rows, 1.0))


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "transposed": lambda x: np.asfortranarray(x),
    "with gaps": lambda x: np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3],
    "reversed": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", CALLS)
def test_loops_read_every_layout(name: str, layout: str, loops: None) -> None:
    x = drawn(4, 37)
    plain = gradients(CALLS[name], [x], np.float32, False)
    moved = fg.Tensor._of(LAYOUTS[layout](x), None)
    moved.requires_grad = True
    y = CALLS[name](moved)
    seed = np.cos(np.arange(y.size)).reshape(y.shape).astype(np.float32)
    seed = LAYOUTS[layout](seed) if seed.ndim == 2 else seed
    found = [y.numpy(), *backpropagate([y.node], [seed]).values()]
    assert all(np.array_equal(a, b) for a, b in zip(found, plain, strict=True))


# ---- which way is taken, and its bits -------------------------------------------------------
def test_loops_take_large_float_arrays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    for module in (rows, norms):
        monkeypatch.setattr(module, "run", lambda file, name, *_: runs.append(name))
    side = math.isqrt(by_rows.FROM)
    assert side * side == by_rows.FROM
    for x in (drawn(side, side - 1), drawn(side, side).astype(np.float16)):
        fg.softmax(x), fg.log_softmax(x), normalise(x)
    fg.softmax(drawn(side, side), 0), fg.logsumexp(drawn(side, side), 0)
    assert not runs
    for dtype in (np.float32, np.float64):
        x = drawn(side, side).astype(dtype)
        fg.softmax(x), fg.logsumexp(x, 1), normalise(x), normalise(x[None], axis=(0, 2))
    assert runs == 2 * ["softmax", "logsumexp", "layer_norm", "channel_norm"]


@pytest.mark.parametrize("name", CALLS)
def test_threads_change_no_bit(name: str, loops: None, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for count in (1, 2):
        monkeypatch.setattr(by_rows, "MANY", 1)
        numba = SimpleNamespace(get_num_threads=lambda count=count: count)
        monkeypatch.setattr(by_rows, "threads", SimpleNamespace(numba=lambda n=numba: n))
        found.append(gradients(CALLS[name], [drawn(301, 999)], np.float32, False))
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


EXACT: dict[str, Callable[..., Any]] = {
    name: call for name, call in CALLS.items() if "axes" not in name
}


@pytest.mark.parametrize("name", EXACT)
def test_float32_loops_are_as_good_as_float32(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against NumPy in float64: not farther than NumPy in float32, but for a few roundings."""
    x = drawn(40, 3001) + 100
    wanted = gradients(EXACT[name], [x], np.float64, False)
    numpy = gradients(EXACT[name], [x], np.float32, False)
    begin_loops_at_one(monkeypatch)
    found = gradients(EXACT[name], [x], np.float32, False)
    for ours, theirs, exact in zip(found, numpy, wanted, strict=True):
        least = 4 * np.finfo(np.float32).eps * np.max(abs(exact))
        assert np.max(abs(ours - exact)) <= max(least, np.max(abs(theirs - exact)))


def test_moments_of_channels_lose_no_digits(loops: None) -> None:
    x = 1e9 + np.random.default_rng(1).standard_normal((3, 4, 700))
    mean, var = norms.moments(x, axis=(0, 2))
    rest = x - 1e9  # exact, for both are near
    assert error(mean.ravel() - 1e9, rest.mean((0, 2))) <= 1e9 * np.finfo(float).eps
    assert error(var.ravel(), rest.var((0, 2))) <= 1e-14


def test_numbers_scale_as_arrays_do() -> None:
    x = drawn(4, 9)
    for numbers in ((2, -0.5), (1, 3.0), (True, 0)):
        wanted = normalise(x) * np.float32(numbers[0]) + np.float32(numbers[1])
        assert error(normalise(x, *numbers), wanted) <= 2 * np.finfo(np.float32).eps


# ---- gradients that one pass finds together -------------------------------------------------
def of_weights(x: Any, w: Any, b: Any, g: Any, inputs: Any) -> list[np.ndarray]:
    y = normalise(x, w, b)
    found = backpropagate([y.node], [g], inputs=inputs, retain_graph=True)
    return [found[i] for i in inputs]


@pytest.mark.parametrize("order", ["w", "b", "wb", "xw", "xb", "xwb"])
def test_each_gradient_is_right_whichever_are_asked_for(order: str, loops: None) -> None:
    x, w, b = (leaf(v, np.float32) for v in (drawn(9, 30), wave(drawn(1, 30)), np.zeros(30)))
    g, named = drawn(9, 30)[::-1].copy(), {"x": x, "w": w, "b": b}
    alone = {n: of_weights(x, w, b, g, [v])[0] for n, v in named.items()}
    together = of_weights(x, w, b, g, [named[n] for n in order])
    assert all(np.array_equal(alone[n], v) for n, v in zip(order, together, strict=True))


def test_two_nodes_with_one_gradient_keep_theirs_apart(loops: None) -> None:
    """A sum passes one array to both its terms; what the first leaves is not the second's."""
    x, w, v = (leaf(a, float) for a in (drawn(9, 30), wave(drawn(1, 30)), np.ones(30)))
    y = normalise(x, w, None, eps=0.5) + normalise(x, v, np.zeros(30), eps=0.1)
    y.backward(g := drawn(9, 30).astype(float))
    for scale, eps in ((w, 0.5), (v, 0.1)):
        h = normalise(x.detach(), eps=eps).numpy()
        assert error(scale.grad, (g * h).sum(0)) <= 1e-13


# ---- labels ---------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.uint64])
def test_labels_are_checked_by_one_fold(kind: Any) -> None:
    for labels, wanted in (([0, 9], True), ([0, 10], False), ([], True), ([9, 127], False)):
        assert rows.are_labels(np.array(labels, kind), 10) is wanted
    if np.dtype(kind).kind == "i":
        assert not rows.are_labels(np.array([3, -1], kind), 10)


def test_a_loss_of_labels_is_one_op() -> None:
    logits, labels, seen = leaf(drawn(4, 3)), np.array([0, 2, 1, 1]), []
    with observe(lambda kernel, args, params, y: seen.append(kernel.name)):
        loss = nn.CrossEntropyLoss()(logits, labels)
    assert [name for name in seen if name != "copy"] == ["cross_entropy"]  # of labels, to save
    assert loss.node.op.name == "cross_entropy"
    assert float(loss) == float(fg.cross_entropy(logits, labels))
