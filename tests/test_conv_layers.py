"""What a row of the table of layers cannot say of filters: their first values, wide borders."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize(("make", "shape", "fan"), [
    (lambda: nn.Conv1d(40, 60, 5, groups=4, rng=rng()), (60, 10, 5), 50),
    (lambda: nn.Conv2d(20, 30, (3, 5), rng=rng()), (30, 20, 3, 5), 300),
    (lambda: nn.Conv3d(8, 12, (2, 3, 4), rng=rng()), (12, 8, 2, 3, 4), 192),
    (lambda: nn.ConvTranspose1d(40, 60, 5, groups=4, rng=rng()), (40, 15, 5), 75),
    (lambda: nn.ConvTranspose2d(30, 20, (3, 5), rng=rng()), (30, 20, 3, 5), 300),
    (lambda: nn.Bilinear(25, 12, 30, rng=rng()), (30, 25, 12), 25),
    (lambda: nn.Linear(60, 70, rng=rng()), (70, 60), 60),
])  # fmt: skip
def test_first_values_are_uniform_within_one_over_the_root_of_fan(
    make: Any, shape: tuple[int, ...], fan: int
) -> None:
    layer, again, bound = make(), make(), 1 / math.sqrt(fan)
    w, b = layer.weight.numpy(), layer.bias.numpy()
    assert w.shape == shape and w.dtype == b.dtype == np.float32
    # Of n uniform draws the range falls short by about 2 / n, the variance errs by 0.9 / n**.5.
    near = 1 - 20 / w.size
    assert near * bound <= abs(w).max() <= bound and abs(b).max() <= bound
    assert w.var() == pytest.approx(bound**2 / 3, rel=4 / math.sqrt(w.size))
    assert abs(w.mean()) <= 4 * bound / math.sqrt(3 * w.size)
    assert 0.5 * bound <= abs(b).max() and len(np.unique(b)) == b.size
    assert np.array_equal(w, again.weight.numpy())


@pytest.mark.parametrize(
    ("mode", "numpys"),
    [
        ("reflect", "reflect"),
        ("replicate", "edge"),
        ("circular", "wrap"),
        ("zeros", "constant"),
    ],
)
def test_a_border_may_be_wider_than_the_image(mode: str, numpys: Any) -> None:
    x = rng().standard_normal((1, 1, 3))
    layer = nn.Conv1d(1, 1, 2, padding=7, padding_mode=mode, rng=rng()).to(np.float64)
    (u, v), b = layer.weight.numpy().ravel(), layer.bias.numpy()
    wide = np.pad(x[0, 0], 7, mode=numpys)
    wanted = wide[:-1] * u + wide[1:] * v + b
    assert np.allclose(layer(x).numpy()[0, 0], wanted, rtol=0, atol=1e-14)


def test_a_transpose_leads_back_to_the_sizes_and_is_the_transpose() -> None:
    down = nn.Conv2d(2, 3, 3, stride=(2, 3), padding=1, bias=False, rng=rng()).to(np.float64)
    up = nn.ConvTranspose2d(3, 2, 3, stride=(2, 3), padding=1, bias=False, rng=rng())
    up.to(np.float64).load_state_dict(down.state_dict())
    x = rng().standard_normal((2, 2, 6, 8))
    y = down(x).numpy()
    u = rng().standard_normal(y.shape)
    back = up(u, x.shape[2:]).numpy()
    assert back.shape == x.shape
    assert (y * u).sum() == pytest.approx((x * back).sum(), rel=1e-12)


def test_a_slope_of_each_channel_is_learned() -> None:
    layer, x = nn.PReLU(2, 0.5), np.array([[[-1.0, 2.0], [-3.0, -4.0]]], np.float32)
    assert layer(x).numpy().tolist() == [[[-0.5, 2.0], [-1.5, -2.0]]]
    layer(fg.Tensor(x)).sum().backward()
    assert layer.weight.grad.numpy().tolist() == [-1.0, -7.0]
