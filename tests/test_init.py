"""First values: variances and distributions within bounds that follow from how many are drawn,
and what is exact, exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.nn import init

SIGMAS = 5  # a fair draw is beyond so many standard deviations once in 1.7 million
Draw = Callable[..., np.ndarray]


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def has_moments(x: np.ndarray, variance: float, kurtosis: float) -> None:
    """Mean 0 and a variance, each within 5 of its own standard deviations: sqrt(v / n) and
    v sqrt((k - 1) / n), k = E z ** 4 / v ** 2."""
    n, values = x.size, np.float64(x)
    assert abs(values.mean()) < SIGMAS * math.sqrt(variance / n)
    error = np.mean(values**2) - variance
    assert abs(error) < SIGMAS * variance * math.sqrt((kurtosis - 1) / n)


def follows(x: np.ndarray, below: Callable[[float], float]) -> None:
    """Nowhere further from a distribution function than n draws are once in a million
    (Dvoretzky, Kiefer & Wolfowitz 1956, with Massart's constant)."""
    values = np.sort(np.float64(x).ravel())
    wanted, steps = np.array([below(v) for v in values]), np.arange(values.size + 1) / x.size
    gap = max(np.max(steps[1:] - wanted), np.max(wanted - steps[:-1]))
    assert gap < math.sqrt(math.log(2e6) / (2 * x.size))


NORMAL, UNIFORM = 3.0, 9 / 5
MATRIX, WINDOW = (200, 300), (40, 30, 5, 3)  # fans 300, 200 and 450, 600
DRAWS: list[tuple[Draw, dict[str, Any], tuple[int, ...], float, float]] = [
    (init.uniform, {"bound": 0.3}, (9, 5000), 0.3**2 / 3, UNIFORM),
    (init.normal, {"std": 0.3}, (9, 5000), 0.3**2, NORMAL),
    (init.xavier_uniform, {}, MATRIX, 2 / 500, UNIFORM),
    (init.xavier_uniform, {"gain": 5 / 3}, WINDOW, 2 / 1050 * 25 / 9, UNIFORM),
    (init.xavier_normal, {}, MATRIX, 2 / 500, NORMAL),
    (init.xavier_normal, {"gain": 2.0}, WINDOW, 8 / 1050, NORMAL),
    (init.kaiming_uniform, {}, MATRIX, 2 / 300, UNIFORM),
    (init.kaiming_uniform, {"mode": "fan_out"}, WINDOW, 2 / 600, UNIFORM),
    (init.kaiming_uniform, {"a": math.sqrt(5)}, MATRIX, 1 / 900, UNIFORM),
    (init.kaiming_normal, {}, MATRIX, 2 / 300, NORMAL),
    (init.kaiming_normal, {"mode": "fan_out"}, MATRIX, 2 / 200, NORMAL),
    (init.kaiming_normal, {"nonlinearity": "tanh"}, WINDOW, 25 / 9 / 450, NORMAL),
    (init.kaiming_normal, {"nonlinearity": "linear"}, MATRIX, 1 / 300, NORMAL),
    (init.lecun_uniform, {}, WINDOW, 1 / 450, UNIFORM),
    (init.lecun_normal, {}, MATRIX, 1 / 300, NORMAL),
]


@pytest.mark.parametrize(("draw", "named", "shape", "variance", "kurtosis"), DRAWS)
def test_draws_have_the_variance_of_their_source(
    draw: Draw, named: dict[str, Any], shape: Any, variance: float, kurtosis: float
) -> None:
    x = draw(rng(), shape, **named)
    assert x.dtype == np.float32 and x.shape == shape
    has_moments(x, variance, kurtosis)
    if kurtosis == UNIFORM:
        assert abs(x).max() <= np.float32(math.sqrt(3 * variance))
    else:
        follows(x[:2], lambda v: 0.5 * math.erfc(-v / math.sqrt(2 * variance)))


@pytest.mark.parametrize("draw", [init.uniform, init.normal, init.truncated_normal,
                                  init.xavier_normal, init.orthogonal])  # fmt: skip
def test_a_seed_means_the_same_numbers_in_every_dtype(draw: Draw) -> None:
    wide, again, other = (draw(rng(s), (6, 5), dtype=np.float64) for s in (1, 1, 2))
    assert np.array_equal(wide, again) and not np.array_equal(wide, other)
    for dtype in (np.float32, np.float16):
        assert np.array_equal(draw(rng(1), (6, 5), dtype=dtype), wide.astype(dtype))


# ---- the truncated normal -------------------------------------------------------------------
@pytest.mark.parametrize("cut", [0.01, 0.5, 1.0, 2.0, 3.0, math.inf])
def test_a_truncated_normal_is_the_normal_within_its_cut(cut: float) -> None:
    std, n = 0.3, 40_000
    x = init.truncated_normal(rng(), (4, n // 4), std, cut, dtype=np.float64)
    assert abs(x).max() <= cut * std
    inside = math.erf(cut / math.sqrt(2))
    edge = 0.0 if cut == math.inf else math.exp(-0.5 * cut**2) * math.sqrt(2 / math.pi) / inside
    c = 0.0 if cut == math.inf else cut
    second, fourth = 1 - c * edge, 3 - (c**3 + 3 * c) * edge  # of z, by parts
    if cut > 0.1:  # below, the differences cancel, and what is left is uniform
        has_moments(x / std, second, fourth / second**2)
    else:
        has_moments(x / std, cut**2 / 3, UNIFORM)
    follows(x / std, lambda v: 0.5 + math.erf(v / math.sqrt(2)) / (2 * inside))


def test_rounding_never_carries_a_draw_beyond_the_cut() -> None:
    x = init.truncated_normal(rng(), 200_000, 0.1, 0.2)
    assert x.dtype == np.float32 and abs(x).max() <= np.float32(0.2 * 0.1)


# ---- matrices -------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(5, 5), (9, 4), (4, 9), (6, 2, 3, 2), (3, 2, 2), (1, 7)])
def test_orthogonal_is_orthogonal_to_the_last_digits(shape: tuple[int, ...]) -> None:
    W = init.orthogonal(rng(), shape, gain=1.5, dtype=np.float64).reshape(shape[0], -1) / 1.5
    assert init.orthogonal(rng(), shape).dtype == np.float32
    small = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    n = max(W.shape)
    assert np.max(abs(small - np.eye(len(small)))) < 8 * n * 2**-52  # Householder's, with room


def test_every_orthogonal_matrix_is_as_likely() -> None:
    """Of a first column on the circle, at an angle that is uniform; and of either orientation.
    LAPACK's own signs would keep to one half of both."""
    draw, n = rng(), 4000
    found = np.array([init.orthogonal(draw, (2, 2), dtype=np.float64) for _ in range(n)])
    angle = np.arctan2(found[:, 1, 0], found[:, 0, 0])
    follows(angle, lambda v: (v + math.pi) / (2 * math.pi))
    assert abs(np.mean(np.linalg.det(found) > 0) - 0.5) < SIGMAS * 0.5 / math.sqrt(n)


@pytest.mark.parametrize(("sparsity", "zeros"), [(0.0, 0), (0.25, 5), (0.31, 7), (1.0, 20)])
def test_sparse_leaves_as_many_in_every_column(sparsity: float, zeros: int) -> None:
    x = init.sparse(rng(), (20, 3000), sparsity, std=0.5)
    assert x.dtype == np.float32 and ((x == 0).sum(axis=0) == zeros).all()
    if zeros < 20:
        has_moments(x[x != 0], 0.25, NORMAL)
    share = zeros / 20  # and each row as often
    spread = math.sqrt(share * (1 - share) / 3000)
    assert (abs((x == 0).mean(axis=1) - share) <= SIGMAS * spread).all()
    assert ((init.sparse(rng(), (20, 3, 2), sparsity) == 0).sum(axis=0) == zeros).all()


# ---- what is given --------------------------------------------------------------------------
def test_numbers_that_are_given() -> None:
    assert np.array_equal(init.zeros((2, 3)), np.zeros((2, 3), np.float32))
    assert np.array_equal(init.ones(2, np.float64), np.ones(2))
    assert np.array_equal(init.constant((2,), 0.5), np.full(2, np.float32(0.5)))
    assert all(f((2,)).dtype == np.float32 for f in (init.zeros, init.ones))
    assert np.array_equal(init.dirac((2, 3)), np.eye(2, 3))
    assert init.dirac((0, 3, 3)).shape == (0, 3, 3)


@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_gives_channels_as_they_are(groups: int) -> None:
    x = rng().standard_normal((2, 4, 6, 5))
    weight = init.dirac((4, 4 // groups, 3, 3), groups, dtype=np.float64)
    y = fg.conv2d(x, weight, padding=1, groups=groups)
    assert np.array_equal(np.asarray(y), x)
    more = init.dirac((6, 2, 3), dtype=np.float64)  # two channels in, six out: four are 0
    assert more.sum() == 2 and more[0, 0, 1] == more[1, 1, 1] == 1


def test_fans_count_the_window() -> None:
    assert init.fans((3, 5)) == (5, 3)
    assert init.fans([4, 2, 3, 5]) == (30, 60)
    assert init.fans((0, 5)) == (5, 1)  # nothing is divided by 0
    assert init.kaiming_normal(rng(), (3, 0)).shape == (3, 0)


# ---- gains ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "slope", "f"), [
    ("linear", None, lambda z: z),
    ("relu", None, lambda z: np.maximum(z, 0)),
    ("leaky_relu", None, lambda z: np.where(z > 0, z, 0.01 * z)),
    ("leaky_relu", 0.3, lambda z: np.where(z > 0, z, 0.3 * z)),
])  # fmt: skip
def test_a_gain_gives_back_the_mean_square(name: str, slope: Any, f: Any) -> None:
    z, weight = np.polynomial.hermite_e.hermegauss(40)  # exact for squares on either side of 0
    left = (weight * f(z) ** 2).sum() / math.sqrt(2 * math.pi)
    assert init.gain(name, slope) ** 2 * left == pytest.approx(1, rel=1e-12)


def test_gains_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from fusegrad.nn.init.scale import GAINS

    for name in GAINS:
        assert init.gain(name) == torch.nn.init.calculate_gain(name)
    for slope in (None, 0.0, 0.2):
        wanted = torch.nn.init.calculate_gain("leaky_relu", slope)
        assert init.gain("leaky_relu", slope) == pytest.approx(wanted, rel=1e-15)


def test_a_deep_linear_network_keeps_lengths_with_orthogonal_weights() -> None:
    """Saxe et al.: at depth 100 a product of orthogonal matrices is one."""
    draw, x = rng(), rng(1).standard_normal(16)
    y = x
    for _ in range(100):
        y = init.orthogonal(draw, (16, 16), dtype=np.float64) @ y
    assert np.linalg.norm(y) == pytest.approx(np.linalg.norm(x), rel=100 * 16 * 2**-52)


def test_parameters_take_first_values() -> None:
    layer = nn.Linear(4, 3, rng=rng())
    layer.weight.assign_(init.orthogonal(rng(), layer.weight.shape))
    assert np.array_equal(layer.weight.numpy(), init.orthogonal(rng(), (3, 4)))
