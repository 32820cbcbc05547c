"""Arrays that are made: random draws, dropout, and those of zeros, ones and steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.ops import create, random
from fusegrad.engine.ops.random import dropout
from fusegrad.kernels import observe
from tests.ops_sample import leaf

N, SIGMAS = 40_000, 5
DRAWS: dict[str, tuple[Callable[..., Tensor], float, float]] = {  # with mean and variance
    "uniform": (lambda r, s=(), **k: random.uniform(r, s, -1.0, 3.0, **k), 1.0, 16 / 12),
    "standard uniform": (random.uniform, 0.5, 1 / 12),
    "normal": (lambda r, s=(), **k: random.normal(r, s, 3.0, 2.0, **k), 3.0, 4.0),
    "standard normal": (random.normal, 0.0, 1.0),
    "exponential": (lambda r, s=(), **k: random.exponential(r, s, 2.0, **k), 2.0, 4.0),
    "randint": (lambda r, s=(), **k: random.randint(r, s, -2, 4, **k), 0.5, 35 / 12),
    "bernoulli": (lambda r, s=(): random.bernoulli(r, s, 0.3), 0.3, 0.21),
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", DRAWS)
def test_mean_and_variance_are_those_of_the_distribution(name: str) -> None:
    draw, mean, variance = DRAWS[name]
    x = draw(rng(), N).numpy().astype(float)
    spread = ((x - mean) ** 2).std()
    assert abs(x.mean() - mean) <= SIGMAS * math.sqrt(variance / N)
    assert abs(((x - mean) ** 2).mean() - variance) <= SIGMAS * spread / math.sqrt(N)


@pytest.mark.parametrize("name", DRAWS)
def test_draws_come_from_the_generator_given(name: str) -> None:
    draw, one, two = DRAWS[name][0], rng(), rng()
    a, b = draw(one, (50, 2)), draw(two, (50, 2))
    assert isinstance(a, Tensor) and a.shape == (50, 2) and not a.requires_grad
    assert np.array_equal(a, b) and not np.array_equal(a, draw(one, (50, 2)))
    assert draw(rng()).shape == () and draw(rng(), 3).shape == (3,)
    assert draw(rng(), (0, 2)).shape == (0, 2)


@pytest.mark.parametrize("name", DRAWS)
def test_another_dtype_rounds_the_same_draws(name: str) -> None:
    draw, wide = DRAWS[name][0], DRAWS[name][0](rng(), 9)
    assert wide.dtype == {"bernoulli": bool, "randint": np.int64}.get(name, np.float64)
    for dtype in () if name == "bernoulli" else (np.float16, np.float32):
        x = draw(rng(), 9, dtype=dtype)
        assert x.dtype == dtype and np.array_equal(x, wide.numpy().astype(dtype))


def test_bounds_of_integers_and_edges_of_parameters() -> None:
    assert set(random.randint(rng(), 500, -1, 2).numpy().tolist()) == {-1, 0, 1}
    assert random.normal(rng(), 3, 2.0, 0.0).numpy().tolist() == [2, 2, 2]
    assert random.uniform(rng(), 3, 2.0, 2.0).numpy().tolist() == [2, 2, 2]
    assert not random.bernoulli(rng(), 99, 0.0).numpy().any()
    assert random.bernoulli(rng(), 99, 1.0).numpy().all()


def test_a_permutation_has_everything_once() -> None:
    p = random.permutation(rng(), 100)
    assert sorted(p.numpy().tolist()) == list(range(100)) and p.numpy().tolist() != sorted(p)
    assert random.permutation(rng(), 0).shape == (0,)
    firsts = [random.permutation(rng(k), 4)[0].item() for k in range(400)]
    counts = np.bincount(firsts, minlength=4)
    assert (abs(counts - 100) <= SIGMAS * math.sqrt(400 * 0.25 * 0.75)).all()
    x = leaf([1.0, 2.0, 3.0])
    (x[random.permutation(rng(), 3)] * [1.0, 1.0, 1.0]).sum().backward()
    assert x.grad.numpy().tolist() == [1, 1, 1]


# ---- dropout --------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dropout_keeps_the_mean_and_passes_what_it_kept(dtype: Any) -> None:
    x = leaf(np.ones((200, 200)), dtype)
    y = dropout(x, 0.25, rng())
    y.backward(np.ones(y.shape))
    kept = y.numpy() != 0
    assert y.dtype == x.grad.dtype == dtype
    assert abs(kept.mean() - 0.75) <= SIGMAS * math.sqrt(0.75 * 0.25 / kept.size)
    assert set(np.unique(y.numpy())) == {0, dtype(1 / 0.75)}
    assert np.array_equal(x.grad, y)


def test_dropout_is_two_kernels_one_of_which_draws() -> None:
    kernels: list[str] = []
    with observe(lambda kernel, args, params, y: kernels.append(kernel.name)):
        dropout(np.ones(3), 0.5, rng())
    assert kernels == ["kept", "dropout"]
    assert np.array_equal(dropout(np.ones(99), 0.5, rng()), dropout(np.ones(99), 0.5, rng()))


def test_dropout_of_nothing_and_of_everything() -> None:
    x = leaf([1.0, np.nan, np.inf])
    assert dropout(x, 0.0, rng()) is x and dropout(x, 0.7, rng(), training=False) is x
    y = dropout(x, 1.0, rng())
    y.sum().backward()
    assert y.numpy().tolist() == x.grad.numpy().tolist() == [0, 0, 0]


def test_what_is_dropped_does_not_leak_and_derivatives_are_right() -> None:
    x = leaf(np.where(np.arange(100) % 2, np.nan, 1.0))
    y = dropout(x, 0.5, rng())
    y.backward(np.full(100, np.nan))
    kept = random.kept(rng(), (100,), 0.5, like=x)
    assert np.array_equal(np.isnan(y), kept & np.isnan(x.numpy()))
    assert np.array_equal(np.isnan(x.grad), kept)
    fg.gradcheck(lambda x: fg.sin(dropout(x, 0.4, rng())), np.linspace(-1, 1, 12), order=2)


def test_checkpointed_draws_are_drawn_again() -> None:
    checkpoint = pytest.importorskip("fusegrad.engine.checkpoint").checkpoint
    x = np.linspace(1, 2, 30)
    plain = fg.grad(lambda x, r: fg.sin(dropout(x, 0.5, r)).sum())(x, rng())
    again = fg.grad(lambda x, r: checkpoint(lambda x: fg.sin(dropout(x, 0.5, r)))(x).sum())
    assert np.array_equal(again(x, rng()), plain)


# ---- zeros, ones, steps ---------------------------------------------------------------------
MADE: list[tuple[Tensor, Any]] = [
    (create.zeros((2, 3)), np.zeros((2, 3))),
    (create.zeros(2, np.float16), np.zeros(2, np.float16)),
    (create.zeros(np.int64(2), int), np.zeros(2, int)),
    (create.ones((), np.float32), np.ones((), np.float32)),
    (create.ones([2, 0], bool), np.ones((2, 0), bool)),
    (create.full((2,), 7), np.full(2, 7)),
    (create.full((), -np.inf, np.float32), np.full((), -np.inf, np.float32)),
    (create.full(3, Tensor(2.0)), np.full(3, 2.0)),
    (create.eye(2), np.eye(2)),
    (create.eye(2, 3, 1, np.float32), np.eye(2, 3, 1, np.float32)),
    (create.eye(2, 0), np.eye(2, 0)),
    (create.arange(4), np.arange(4)),
    (create.arange(1.0, 2.0, 0.25), np.arange(1, 2, 0.25)),
    (create.arange(3, 0, -1, np.float16), np.arange(3, 0, -1, np.float16)),
    (create.linspace(0, 1), np.linspace(0, 1)),
    (create.linspace(0, 1, 4, endpoint=False), np.linspace(0, 1, 4, False)),
    (create.linspace(1, 2, 0, dtype=np.float32), np.linspace(1, 2, 0, dtype=np.float32)),
    (create.zeros_like(Tensor([1, 2])), np.zeros(2, int)),
    (create.ones_like([[1.0]], np.float16), np.ones((1, 1), np.float16)),
    (create.full_like(np.ones((1, 2), np.float32), 3), np.full((1, 2), 3, np.float32)),
]


@pytest.mark.parametrize(("made", "wanted"), MADE, ids=str)
def test_what_is_made_is_what_numpy_makes(made: Tensor, wanted: Any) -> None:
    assert isinstance(made, Tensor) and made.is_leaf and not made.requires_grad
    assert made.dtype == wanted.dtype and np.array_equal(made, wanted)
    assert made.shape == wanted.shape


def test_what_is_made_can_require_a_gradient() -> None:
    x = create.linspace(0, 1, 3, requires_grad=True)
    of_x = create.ones_like(x, requires_grad=True)
    steps = create.arange(3.0, requires_grad=True)
    zeros, eye = create.zeros(3, requires_grad=True), create.eye(3, requires_grad=True)
    leaves = [x, of_x, steps, zeros, eye]
    sum(leaves[1:], leaves[0]).sum().backward()
    assert [a.grad.numpy().tolist() for a in leaves[:4]] == [[3, 3, 3]] * 4
    assert leaves[4].grad.numpy().tolist() == np.ones((3, 3)).tolist()
    assert not create.zeros_like(x).requires_grad


def test_an_array_made_in_the_middle_is_written_by_a_kernel() -> None:
    made: list[Any] = []
    with observe(lambda kernel, args, params, y: made.append(y)):
        tensors = [create.ones(2), create.eye(2), create.arange(2), create.linspace(0, 1, 2),
                   create.zeros_like(create.ones(2)), random.normal(rng(), 2)]  # fmt: skip
    assert all(any(t.data is m for m in made) for t in tensors)
