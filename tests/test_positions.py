"""Positions, against the formulas of their papers in 50 digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusegrad import nn
from fusegrad.engine import Tensor
from tests.rows_sample import MP


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def turn(t: int, pair: int, width: int, base: int = 10000) -> Any:
    """The angle of a pair of features at a time, in 50 digits."""
    return t / MP.mpf(base) ** (MP.mpf(2 * pair) / width)


# ---- added ----------------------------------------------------------------------------------
@pytest.mark.parametrize("width", [1, 2, 5, 8])
def test_waves_are_those_of_the_paper(width: int) -> None:
    got = nn.SinusoidalPositions(width, 50).table.numpy()
    wanted = np.array(
        [
            [(MP.cos if d % 2 else MP.sin)(turn(t, d // 2, width)) for d in range(width)]
            for t in range(50)
        ],
        dtype=np.float64,
    )
    assert got.shape == (50, width) and got.dtype == np.float64
    assert abs(got - wanted).max() < 1e-14  # an angle of 50 is known to 4e-15


def test_waves_are_added_along_time_whatever_the_order_of_axes() -> None:
    x = rng().standard_normal((3, 2, 4))
    table = nn.SinusoidalPositions(4, 9).table.numpy()
    assert np.array_equal(nn.SinusoidalPositions(4, 9)(x), x + table[:3, None])
    first = nn.SinusoidalPositions(4, 9, batch_first=True)
    assert np.array_equal(first(x), x + table[:2])
    assert np.array_equal(first(x[0]), x[0] + table[:2])
    assert np.array_equal(nn.SinusoidalPositions(4, 9)(x[:, 0]), x[:, 0] + table[:3])


def test_the_table_is_in_no_state_and_follows_x_not_its_own_dtype() -> None:
    layer = nn.SinusoidalPositions(4, 9)
    assert layer.state_dict() == {} and [b.name for b in layer.buffers()] == ["table"]
    assert list(layer.parameters()) == []
    y = layer(np.zeros((9, 4), np.float32))
    assert y.dtype == np.float32 and np.array_equal(y, layer.table.numpy().astype(np.float32))


def test_a_shift_is_a_turn_that_does_not_depend_on_where() -> None:
    """Why waves: P[t + 3] is a fixed linear function of P[t] (section 3.5)."""
    table = nn.SinusoidalPositions(4, 40).table.numpy()
    shift, *_ = np.linalg.lstsq(table[:-3], table[3:], rcond=None)
    assert abs(table[:-3] @ shift - table[3:]).max() < 1e-13


def test_learned_positions_are_rows_of_a_weight() -> None:
    layer = nn.LearnedPositions(4, 6, rng=rng())
    x, w = rng(1).standard_normal((3, 2, 4)), layer.weight.numpy()
    assert np.array_equal(layer(x), x + w[:3, None].astype(np.float64))
    layer(x).sum().backward()
    assert np.array_equal(layer.weight.grad, np.repeat([2.0, 0.0], 3)[:, None] * np.ones(4))
    many = nn.LearnedPositions(64, 512, rng=rng()).weight.numpy()
    assert abs(many.std() - 0.02) < 1e-3 and abs(many.mean()) < 1e-3


# ---- turned ---------------------------------------------------------------------------------
def test_pairs_are_turned_by_the_angle_of_their_time() -> None:
    """Against products of complex numbers in 50 digits, from a time on."""
    width, base, offset = 6, 100, 5
    x = rng().standard_normal((4, width))
    got = nn.RotaryPositions(width, base)(x, offset=offset)
    for t in range(4):
        for p in range(width // 2):
            z = MP.mpc(x[t, 2 * p], x[t, 2 * p + 1])
            z *= MP.expj(turn(t + offset, p, width, base))
            assert abs(got[t, 2 * p] - float(z.real)) < 1e-14
            assert abs(got[t, 2 * p + 1] - float(z.imag)) < 1e-14


def test_products_of_turned_vectors_depend_on_their_distance_alone() -> None:
    """q_m . k_n is the same for all m - n, however late; lengths are kept."""
    rotary, (q, k) = nn.RotaryPositions(8), rng().standard_normal((2, 8))
    times = 40
    qs, ks = (rotary(np.tile(a, (times, 1)), offset=1000) for a in (q, k))
    scores = qs @ ks.T
    for distance in range(-times + 1, times):
        line = np.diagonal(scores, distance)
        assert abs(line - line[0]).max() < 1e-12
        alone = rotary(np.tile(q, (max(1, 1 - distance), 1)))[-1 if distance < 0 else 0]
        other = rotary(np.tile(k, (max(1, 1 + distance), 1)))[-1 if distance > 0 else 0]
        assert abs(line[0] - alone @ other) < 1e-12
    assert abs(np.linalg.norm(qs, axis=1) - np.linalg.norm(q)).max() < 1e-14
    assert np.ptp(np.diagonal(scores, 1)) < 1e-12 < np.ptp(scores[0])


def test_turning_goes_on_where_it_stopped() -> None:
    rotary, x = nn.RotaryPositions(4), rng().standard_normal((2, 3, 6, 4))
    parts = [rotary(x[:, :, :4]), rotary(x[:, :, 4:], offset=4)]
    assert np.array_equal(np.concatenate(parts, 2), rotary(x))


def test_turned_attention_does_not_see_a_shift() -> None:
    rotary, r = nn.RotaryPositions(4), rng()
    q, k, v = (Tensor(r.standard_normal((2, 5, 4))) for _ in range(3))

    def attend(start: int) -> np.ndarray:
        turned = rotary(q, start), rotary(k, start)
        return nn.scaled_dot_product_attention(*turned, v, is_causal=True).numpy()

    assert abs(attend(0) - attend(17)).max() < 1e-13


# ---- in the mask ----------------------------------------------------------------------------
def test_alibi_falls_with_distance_at_a_rate_of_each_head() -> None:
    mask = nn.alibi_mask(4, 5, np.float64)
    for h, slope in enumerate([1 / 4, 1 / 16, 1 / 64, 1 / 256]):
        for i in range(5):
            for j in range(5):
                assert mask[h, i, j] == (-slope * (i - j) if j <= i else -np.inf)
    assert nn.alibi_mask(8, 2)[0, 1, 0] == -0.5  # the paper's slopes for 8 heads begin so


def test_causal_masks_hold_the_future_out() -> None:
    mask = nn.causal_mask(4)
    assert mask.dtype == np.float32
    assert np.array_equal(mask == 0, np.tri(4, dtype=bool))
    assert (mask[~np.tri(4, dtype=bool)] == -np.inf).all()
    assert nn.causal_mask(0).shape == (0, 0)
