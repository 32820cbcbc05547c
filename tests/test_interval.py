"""Intervals over seeds, held against Student's law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fusegrad.multimodal.analysis.interval import NORMAL, T975, interval, paired


def test_an_interval_is_students() -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    values = [0.71, 0.68, 0.74, 0.69, 0.70]
    low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    got = interval(values)
    assert got.low == pytest.approx(low, abs=1e-4) and got.high == pytest.approx(high, abs=1e-4)
    assert got.deviation == pytest.approx(np.std(values, ddof=1)) and got.n == 5


def test_the_quantiles_are_students() -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    assert np.allclose(T975, stats.t.ppf(0.975, range(1, len(T975) + 1)), atol=6e-4)
    assert pytest.approx(stats.norm.ppf(0.975), abs=1e-3) == NORMAL


def test_what_seeds_share_cancels_in_pairs() -> None:
    base = np.array([0.5, 0.6, 0.7])
    got = paired(list(base + 0.1), list(base))
    assert got.mean == pytest.approx(0.1) and got.half < 1e-12
    assert interval(list(base)).half > 0.2


def test_of_one_seed_nothing_is_known_of_the_spread() -> None:
    got = interval([0.25])
    assert got.mean == 0.25 and math.isnan(got.half) and str(got) == "0.250"
