"""Means with their intervals, over seeds that are the same for both of a pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# The .975 quantile of Student's t for 1, 2, .. degrees of freedom; beyond, the normal's.
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
NORMAL = 1.960


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
    t = T975[n - 2] if n - 2 < len(T975) else NORMAL
    return Interval(mean, deviation, t * deviation / math.sqrt(n), n)


def paired(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The mean of first - second, seed by seed: what differs between seeds cancels.

    >>> print(paired([0.8, 0.7, 0.9], [0.7, 0.6, 0.8]))
    0.100 ± 0.000
    """
    return interval([a - b for a, b in zip(first, second, strict=True)])
