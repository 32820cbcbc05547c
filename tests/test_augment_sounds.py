"""Sounds, varied: stripes, shifts, and noise of an exact ratio."""

from __future__ import annotations

import numpy as np
import pytest

from fusegrad.multimodal import augment as au

EXACT = 1e-9  # dB


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def stripes(x: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many whole rows and columns of each picture changed."""
    different = x != found
    return different.all(axis=2).sum(axis=1), different.all(axis=1).sum(axis=1)


@pytest.mark.parametrize("time_axis", [1, 2])
def test_stripes_are_as_wide_as_drawn_and_hold_the_mean(time_axis: int) -> None:
    x = rng().random((3000, 24, 24))
    found = au.SpecAugment(6, 10, time_axis=time_axis)(x, rng=rng())
    rows, columns = stripes(x, found)
    times, bands = (rows, columns) if time_axis == 1 else (columns, rows)
    for widths, most in ((times, 10), (bands, 6)):
        assert set(widths) == set(range(most + 1))
        shares = np.bincount(widths) / 3000
        expected = 1 / (most + 1)
        assert np.all(np.abs(shares - expected) < 5 * np.sqrt(expected / 3000))
    means = x.mean(axis=(1, 2), keepdims=True)
    assert np.array_equal(found[x != found], np.broadcast_to(means, x.shape)[x != found])
    changed = (x != found).sum(axis=(1, 2))
    assert np.array_equal(changed, 24 * (times + bands) - times * bands)


def test_stripes_fit_any_size_and_width_0_changes_nothing() -> None:
    x = rng().integers(0, 256, (50, 7, 5)).astype(np.uint8)
    for options in ({}, {"num_time": 3, "num_freq": 2}, {"fill": 0}):
        found = au.SpecAugment(**options)(x, rng=rng())
        assert found.dtype == np.uint8 and not np.array_equal(found, x)
    still = (au.SpecAugment(0, 0), au.SpecAugment(num_time=0, num_freq=0))
    assert all(np.array_equal(f(x, rng=rng()), x) for f in still)
    share = au.SpecAugment(0, 100, time_share=0.5)(x + 1.0, rng=rng())
    assert stripes(x + 1.0, share)[0].max() == 3  # of 7 frames


def test_a_shift_is_drawn_evenly_and_fills_or_wraps() -> None:
    x = np.arange(1.0, 11)[None].repeat(5000, axis=0)
    wrapped = au.TimeShift(0.3, wrap=True)(x, rng=rng())
    shifts = (1 - wrapped[:, 0] + 5) % 10 - 5  # 1 came to place 0 + shift
    counts = {k: int((shifts == k).sum()) for k in range(-5, 6)}
    assert all(abs(counts[k] - 5000 / 7) < 5 * np.sqrt(5000 / 7) for k in range(-3, 4))
    assert sum(counts[k] for k in range(-3, 4)) == 5000
    filled = au.TimeShift(0.3, fill=-1.0)(x, rng=rng())
    for k, row in zip(shifts.astype(int), filled):
        want = np.concatenate([np.full(max(k, 0), -1), x[0], np.full(max(-k, 0), -1)])
        assert np.array_equal(row, want[max(-k, 0) :][:10])
    assert np.array_equal(au.TimeShift(0.0)(x, rng=rng()), x)


def test_noise_has_the_ratio_that_was_asked_for() -> None:
    x = rng().standard_normal((500, 64)) * np.geomspace(1e-3, 10, 500)[:, None]
    for ratio in (0.0, 20.0, -6.0):
        noise = au.AddNoise((ratio, ratio), 1.0)(x, rng=rng()) - x
        got = 10 * np.log10((x**2).sum(axis=1) / (noise**2).sum(axis=1))
        assert np.abs(got - ratio).max() < EXACT
    noise = au.AddNoise((5.0, 15.0), 1.0)(x, rng=rng()) - x
    got = 10 * np.log10((x**2).sum(axis=1) / (noise**2).sum(axis=1))
    assert 5 - EXACT <= got.min() < 5.3 and 14.7 < got.max() <= 15 + EXACT
    flat = (noise / np.sqrt((noise**2).mean(axis=1, keepdims=True))).ravel()
    assert abs(flat.mean()) < 5 / np.sqrt(flat.size)  # white: mean 0, samples uncorrelated
    assert abs((flat[1:] * flat[:-1]).mean()) < 5 / np.sqrt(flat.size)


def test_rows_without_noise_stay_and_silence_stays_silent() -> None:
    x = rng().standard_normal((400, 32)).astype(np.float32)
    x[7] = 0
    found = au.AddNoise(p=0.5)(x, rng=rng())
    same = np.all(found == x, axis=1)
    assert same[7] and abs(same.mean() - 0.5) < 5 * 0.5 / 20
    assert np.all(np.any(found != 0, axis=1) | (np.arange(400) == 7))  # none became silent
    assert np.array_equal(au.AddNoise((np.inf, np.inf), 1.0)(x, rng=rng()), x)
