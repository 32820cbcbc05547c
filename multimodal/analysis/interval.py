"""Means with their intervals, over seeds that are the same for both of a pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# The .975 quantile of Student's t for 1, 2, .. degrees of freedom; beyond, by `_t975`.
T975: tuple[float, ...] = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
)
T975 += (2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086)
NORMAL = 1.959964


@dataclass(frozen=True)
class Interval:
    """A mean over n seeds, its deviation, and the half-width of its 95 % interval (nan for one
    seed: nothing is known of the spread then)."""

    mean: float
    deviation: float
    half: float
    n: int

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half

    def __str__(self) -> str:
        return f"{self.mean:.3f}" + (f" ± {self.half:.3f}" if self.n > 1 else "")


def interval(values: Sequence[float]) -> Interval:
    """The mean of values, one a seed: mean ± t s / sqrt(n).

    >>> print(interval([1.0, 2.0, 3.0]))
    2.000 ± 2.484
    """
    n = len(values)
    mean = float(np.mean(values))
    if n < 2:
        return Interval(mean, math.nan, math.nan, n)
    deviation = float(np.std(values, ddof=1))
    return Interval(mean, deviation, _t975(n - 1) * deviation / math.sqrt(n), n)


def _t975(freedom: int) -> float:
    """The .975 quantile of Student's t. Beyond the table by the first terms of its series in
    1 / degrees of freedom, which are right to four digits there.

    Source: Fisher & Cornish 1960.
    """
    if freedom <= len(T975):
        return T975[freedom - 1]
    z = NORMAL
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def paired(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The mean of first - second, seed by seed: what differs between seeds cancels.

    >>> print(paired([0.8, 0.7, 0.9], [0.7, 0.6, 0.8]))
    0.100 ± 0.000
    """
    return interval([a - b for a, b in zip(first, second, strict=True)])
