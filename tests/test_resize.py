"""Images of another size, against the formulas in exact fractions, pixel by pixel."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn

SIZES = [(5, 5), (4, 8), (3, 7), (7, 3), (6, 1), (1, 4), (49, 50), (50, 49)]


def position(t: int, length: int, count: int, scale: Fraction, corners: bool) -> Fraction:
    if corners:
        return Fraction(t * (length - 1), max(count - 1, 1))
    return max((t + Fraction(1, 2)) / scale - Fraction(1, 2), Fraction(0))


def resized(x: np.ndarray, count: int, scale: Fraction, mode: str) -> np.ndarray:
    """The formulas along the last axis."""
    length, columns = x.shape[-1], []
    for t in range(count):
        if mode == "nearest":
            columns.append(x[..., floor(t / scale)])
            continue
        p = position(t, length, count, scale, mode == "corners")
        low = floor(p)
        w, high = float(p - low), min(low + 1, length - 1)
        columns.append(x[..., low] * (1 - w) + x[..., high] * w)
    return np.stack(columns, -1)


def options(mode: str, linear: str) -> dict[str, Any]:
    return {"mode": mode} if mode == "nearest" else {
        "mode": linear, "align_corners": mode == "corners"}  # fmt: skip


@pytest.mark.parametrize("mode", ["nearest", "middles", "corners"])
@pytest.mark.parametrize(("length", "count"), SIZES)
def test_each_pixel_is_its_formula(mode: str, length: int, count: int) -> None:
    x = np.random.default_rng(length).standard_normal((2, 1, 3, length))
    scale = Fraction(count, length)
    along = fg.interpolate(x[:, 0], count, **options(mode, "linear"))
    assert np.allclose(along, resized(x[:, 0], count, scale, mode), rtol=0, atol=1e-14)
    both = fg.interpolate(x, (4, count), **options(mode, "bilinear"))
    across = resized(np.swapaxes(x, 2, 3), 4, Fraction(4, 3), mode)
    wanted = resized(np.swapaxes(across, 2, 3), count, scale, mode)
    assert np.allclose(both, wanted, rtol=0, atol=1e-14)


@pytest.mark.parametrize("mode", ["nearest", "middles", "corners"])
@pytest.mark.parametrize("factor", [2, 1.5, 0.75, 2.3, 0.31])
def test_a_factor_is_taken_as_it_is(mode: str, factor: float) -> None:
    x = np.random.default_rng(1).standard_normal((1, 2, 7))
    y = fg.interpolate(x, scale_factor=factor, **options(mode, "linear"))
    wanted = resized(x, int(7 * factor), Fraction(factor), mode)
    assert np.allclose(y, wanted, rtol=0, atol=1e-14)


def test_a_line_stays_a_line_and_integers_are_repeated() -> None:
    line = np.arange(5.0)[None, None]
    y = fg.interpolate(line, 9, mode="linear", align_corners=True)
    assert y.ravel().tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
    whole = fg.interpolate(np.array([[[3, 4]]]), scale_factor=2)
    assert whole.tolist() == [[[3, 3, 4, 4]]] and whole.dtype == int


def test_unfold_and_fold_are_each_others_transposes() -> None:
    rng = np.random.default_rng(2)
    unfold, fold = nn.Unfold((2, 3), 1, (1, 0), 2), nn.Fold((5, 6), (2, 3), 1, (1, 0), 2)
    x = rng.standard_normal((2, 3, 5, 6))
    y = unfold(x)
    u = rng.standard_normal(y.shape)
    assert (y * u).sum() == pytest.approx((x * fold(u)).sum(), rel=1e-12)
