"""Dropout: how often, of what, and that a backward pass and a checkpoint know the same mask."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine.checkpoint import checkpoint

SHAPES = {
    "Dropout": (5, 7),
    "Dropout1d": (4, 3, 2),
    "Dropout2d": (4, 3, 2, 2),
    "AlphaDropout": (5, 7),
}
SIGMAS = 5  # a fair draw is beyond so many standard deviations once in 1.7 million


def made(name: str, p: float = 0.4, seed: int = 7) -> Any:
    return getattr(nn, name)(p, rng=np.random.default_rng(seed))


def draws(name: str) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(SHAPES[name])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_each_element_is_dropped_with_probability_p(p: float) -> None:
    n = 100_000
    y = np.asarray(made("Dropout", p)(np.ones(n)))
    assert set(np.unique(y)) == {0.0, 1 / (1 - p)}
    assert abs((y == 0).mean() - p) < SIGMAS * math.sqrt(p * (1 - p) / n)
    both = ((y[1:] == 0) & (y[:-1] == 0)).mean()  # neighbours are dropped independently
    assert abs(both - p * p) < SIGMAS * math.sqrt(3 * p * p / n)


@pytest.mark.parametrize(("name", "shape"), [("Dropout1d", (300, 40, 3)),
                                             ("Dropout2d", (300, 40, 2, 2)),
                                             ("Dropout1d", (12_000, 3))])  # fmt: skip
def test_channels_are_dropped_whole(name: str, shape: tuple[int, ...]) -> None:
    p, n = 0.3, 12_000
    y = np.asarray(made(name, p)(np.ones(shape, np.float32))).reshape(n, -1)
    assert y.dtype == np.float32
    assert (y == y[:, :1]).all() and set(np.unique(y)) == {0, np.float32(1 / (1 - p))}
    assert abs((y[:, 0] == 0).mean() - p) < SIGMAS * math.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5])
def test_alpha_dropout_keeps_mean_and_variance(p: float) -> None:
    scale, alpha = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, eq. 14
    s = -scale * alpha
    a = ((1 - p) * (1 + p * s**2)) ** -0.5
    b = -a * p * s
    n = 400_000
    y = np.asarray(made("AlphaDropout", p)(np.random.default_rng(2).standard_normal(n)))
    assert abs((abs(y - (a * s + b)) < 1e-12).mean() - p) < SIGMAS * math.sqrt(p * (1 - p) / n)
    fourth = (1 - p) * (3 * a**4 + 6 * a**2 * b**2 + b**4) + p * (a * s + b) ** 4
    assert abs(y.mean()) < SIGMAS / math.sqrt(n)
    assert abs(np.mean(y**2) - 1) < SIGMAS * math.sqrt((fourth - 1) / n)


@pytest.mark.parametrize("name", SHAPES)
def test_a_seed_is_a_mask(name: str) -> None:
    x = draws(name)
    first, again, other = (np.asarray(made(name, seed=s)(x)) for s in (7, 7, 8))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    layer = made(name)
    assert not np.array_equal(np.asarray(layer(x)), np.asarray(layer(x)))


@pytest.mark.parametrize("name", SHAPES)
def test_evaluation_is_the_identity_and_draws_nothing(name: str) -> None:
    layer, x = made(name).eval(), fg.Tensor(draws(name), requires_grad=True)
    before = layer.rng.bit_generator.state
    assert layer(x) is x and layer.rng.bit_generator.state == before
    assert made(name, 0.0)(x) is x
    assert repr(layer) == f"{name}(p=0.4)"


def line(name: str, p: float = 0.4) -> tuple[float, float]:
    """What is kept is multiplied by the first, what is dropped becomes the second."""
    if name != "AlphaDropout":
        return 1 / (1 - p), 0.0
    s = -1.0507009873554805 * 1.6732632423543772
    a = ((1 - p) * (1 + p * s**2)) ** -0.5
    return a, a * s - a * p * s


@pytest.mark.parametrize("name", SHAPES)
def test_backward_passes_through_what_was_kept(name: str) -> None:
    x = fg.Tensor(draws(name), requires_grad=True)
    y = made(name)(x)
    y.sum().backward()
    factor, level = line(name)
    kept = abs(y.numpy() - level) > 1e-12
    assert 0 < kept.sum() < kept.size
    assert np.allclose(x.grad.numpy(), np.where(kept, factor, 0.0), rtol=1e-15)


@pytest.mark.parametrize("name", SHAPES)
def test_first_and_second_derivatives_hold(name: str) -> None:
    fg.gradcheck(lambda x: fg.sin(made(name)(x)), draws(name), order=2, mode="random")


@pytest.mark.parametrize("name", SHAPES)
def test_a_checkpoint_drops_the_same_again(name: str) -> None:
    found = []
    for around in (lambda f: f, checkpoint):
        layer, x = made(name), fg.Tensor(draws(name), requires_grad=True)
        y = around(lambda v, layer=layer: fg.sin(layer(v) * v))(x)
        y.sum().backward()
        found.append([y.numpy(), x.grad.numpy(), np.asarray(layer(draws(name)))])
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_dropped_passes_no_nan_on(name: str) -> None:
    x = fg.Tensor(np.full(SHAPES[name], np.nan), requires_grad=True)
    y = made(name)(x)
    assert np.isfinite(y.numpy()).any() and np.isnan(y.numpy()).any()
    y.sum().backward()
    assert np.array_equal(x.grad.numpy() == 0, np.isfinite(y.numpy()))
