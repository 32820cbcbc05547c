"""Cross-modal GAN: closed forms of both sides in one dimension, and who learns in a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.multimodal import objective

EXACT = 1e-12
THETA, W, C = 0.4, -0.8, 0.3


class Shift(nn.Module):
    """G(a) = a + theta."""

    def __init__(self, theta: float) -> None:
        self.theta = nn.Parameter(np.array(theta))

    def forward(self, a: Any) -> fg.Tensor:
        return a + self.theta


class Logit(nn.Module):
    """s(x) = w x + c."""

    def __init__(self) -> None:
        self.w, self.c = nn.Parameter(np.array(W)), nn.Parameter(np.array(C))

    def forward(self, x: Any) -> fg.Tensor:
        return x * self.w + self.c


def game(saturating: bool = False) -> tuple[objective.CrossModalGAN, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((7, 1)), 2 + rng.standard_normal((5, 1))
    return objective.CrossModalGAN(Shift(THETA), Logit(), saturating), a, b


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_the_discriminators_loss_and_gradients_in_closed_form() -> None:
    gan, a, b = game()
    fake = a + THETA
    real_s, fake_s = W * b + C, W * fake + C
    loss = gan.discriminator_loss(a, b)
    want = -np.log(sigmoid(real_s)).mean() - np.log(1 - sigmoid(fake_s)).mean()
    assert abs(float(loss) - want) <= EXACT
    loss.backward()
    ds_real, ds_fake = -sigmoid(-real_s) / 5, sigmoid(fake_s) / 7
    dw = (ds_real * b).sum() + (ds_fake * fake).sum()
    assert abs(float(gan.discriminator.w.grad) - dw) <= EXACT
    assert abs(float(gan.discriminator.c.grad) - ds_real.sum() - ds_fake.sum()) <= EXACT
    assert gan.generator.theta.grad is None


@pytest.mark.parametrize("saturating", [False, True])
def test_the_generators_loss_and_gradient_in_closed_form(saturating: bool) -> None:
    gan, a, _ = game(saturating)
    s = W * (a + THETA) + C
    loss = gan.generator_loss(a)
    want = np.log(1 - sigmoid(s)).mean() if saturating else -np.log(sigmoid(s)).mean()
    assert abs(float(loss) - want) <= EXACT
    loss.backward()
    ds = -sigmoid(s) / 7 if saturating else -sigmoid(-s) / 7
    assert abs(float(gan.generator.theta.grad) - (ds * W).sum()) <= EXACT


def test_a_sure_discriminator_kills_the_saturating_gradient_alone() -> None:
    found = {}
    for saturating in (False, True):
        gan, a, _ = game(saturating)
        gan.discriminator.c.assign_(-800.0)
        loss = gan.generator_loss(a)
        loss.backward()
        found[saturating] = float(gan.generator.theta.grad)
        assert np.isfinite(float(loss))
    assert found[True] == 0.0 and abs(found[False] + W) <= EXACT


def test_the_best_discriminator_of_two_gaussians_is_at_rest() -> None:
    """Of N(0, 1) and N(theta, 1) the best logit is linear: its gradient over both is 0."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    theta = 1.5
    w, c = -theta, theta**2 / 2
    real, fake = nodes, nodes + theta
    off = -weights * sigmoid(-(w * real + c)), weights * sigmoid(w * fake + c)
    assert abs((off[0] * real).sum() + (off[1] * fake).sum()) <= 1e-9
    gan = objective.CrossModalGAN(Shift(theta), Logit())
    gan.discriminator.w.assign_(w)
    gan.discriminator.c.assign_(c)
    draws = np.random.default_rng(1).standard_normal((2, 200_000, 1))
    gan.discriminator_loss(draws[0], draws[1]).backward()
    noise = 5 / np.sqrt(200_000)  # five standard errors, of terms below 1
    assert abs(float(gan.discriminator.w.grad)) < 2 * noise
    assert abs(float(gan.discriminator.c.grad)) < noise


def test_a_step_trains_each_side_by_its_own_loss() -> None:
    gan, a, b = game()
    d, g = (optim.SGD(m.parameters(), lr=0.1) for m in (gan.discriminator, gan.generator))
    other, _, _ = game()
    other.discriminator_loss(a, b).backward()
    after = W - 0.1 * float(other.discriminator.w.grad)
    first, _ = gan.step(a, b, g, d)
    assert first == float(other.discriminator_loss(a, b))
    assert abs(float(gan.discriminator.w) - after) <= EXACT  # moved by its own step alone
    s = after * (a + THETA) + float(gan.discriminator.c)
    want = THETA + 0.1 * (sigmoid(-s) / 7 * after).sum()
    assert abs(float(gan.generator.theta) - want) <= EXACT


def test_the_game_brings_the_generator_to_the_data() -> None:
    rng = np.random.default_rng(2)
    gan = objective.CrossModalGAN(Shift(0.0), Logit())
    d = optim.SGD(gan.discriminator.parameters(), lr=0.1, weight_decay=0.1)
    g = optim.SGD(gan.generator.parameters(), lr=0.05)
    for _ in range(250):
        gan.step(rng.standard_normal((64, 1)), 2 + rng.standard_normal((64, 1)), g, d)
    assert abs(float(gan.generator.theta) - 2) < 0.3


def test_missing_rows_take_no_part() -> None:
    gan, a, b = game()
    here = {"a": np.arange(7) > 1, "b": np.arange(5) > 2}
    value = float(gan.discriminator_loss(a, b, here))
    assert value == float(gan.discriminator_loss(a[2:], b[3:]))
    assert float(gan.generator_loss(a, here)) == float(gan.generator_loss(a[2:]))
    nobody = {"a": np.zeros(7, bool), "b": np.zeros(5, bool)}
    assert float(gan.discriminator_loss(a, b, nobody)) == 0
    d, g = (optim.SGD(m.parameters(), lr=0.1) for m in (gan.discriminator, gan.generator))
    assert gan.step(a, b, g, d, nobody) == (0.0, 0.0)
    assert float(gan.generator.theta) == THETA and float(gan.discriminator.w) == W


def test_a_generator_that_learns_nothing_stays() -> None:
    gan, a, b = game()
    d, g = (optim.SGD(m.parameters(), lr=0.1) for m in (gan.discriminator, gan.generator))
    gan.generator.requires_grad_(False)
    gan.step(a, b, g, d)
    assert float(gan.generator.theta) == THETA and float(gan.discriminator.w) != W


def test_it_shows_what_it_is_and_generates() -> None:
    gan, a, _ = game()
    assert "a to b, saturating=False" in gan.extra_repr()
    assert np.array_equal(gan(a).numpy(), a + THETA)
