"""Medians, and ratios with intervals by rank: right for any distribution, without chance."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

LEVEL = 0.95
SURE = 0.9  # an interval that is surer than this may show a difference
FASTER, SLOWER, EVEN = "faster", "slower", "no difference shown"


class Ratio(NamedTuple):
    """The median ratio, its interval, and how often such an interval holds the true median."""

    value: float
    low: float
    high: float
    sure: float

    @property
    def verdict(self) -> str:
        """What the interval shows: 1 inside it is no difference."""
        if self.sure < SURE or self.low <= 1 <= self.high:
            return EVEN
        return FASTER if self.high < 1 else SLOWER


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The first and the third quartile."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """ours / theirs, of samples taken in the same round.

    The interval runs from the kth smallest ratio to the kth largest. It misses the true median
    where fewer than k of n ratios lie on one side of it, each side a fair coin:
    2 sum_{i<k} C(n, i) / 2^n, at most 5 % where n is 6 or more.
    """
    ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    n = len(ratios)
    below = [math.comb(n, i) / 2**n for i in range(n // 2 + 1)]
    k, missed = _deepest(below, 2)
    return Ratio(statistics.median(ratios), ratios[k - 1], ratios[n - k], 1 - missed)


def unpaired(after: Sequence[float], before: Sequence[float]) -> Ratio:
    """after / before, of two runs: the median of all pairs, and the interval in which a test of
    Mann and Whitney finds no difference. Source: Hodges and Lehmann 1963."""
    ratios = sorted(a / b for a in after for b in before)
    n = len(ratios)
    ways = _arrangements(len(after), len(before))
    total = sum(ways)
    k, missed = _deepest([w / total for w in ways[: n // 2 + 1]], 2)
    return Ratio(statistics.median(ratios), ratios[k - 1], ratios[n - k], 1 - missed)


def _deepest(chances: Sequence[float], sides: int) -> tuple[int, float]:
    """The largest rank whose tails hold at most 1 - LEVEL, at least 1, and what they hold."""
    k, missed = 1, sides * chances[0]
    for rank in range(2, len(chances) + 1):
        tails = sides * sum(chances[:rank])
        if tails > 1 - LEVEL:
            break
        k, missed = rank, tails
    return k, min(missed, 1.0)


def _arrangements(m: int, n: int) -> list[int]:
    """How many orders of m and n values have 0, 1, ..., mn pairs in which the first is smaller:
    the coefficients of prod_{i=1..m} (1 - q^(n+i)) / (1 - q^i)."""
    counts = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for u in range(m * n, n + i - 1, -1):
            counts[u] -= counts[u - n - i]
        for u in range(i, m * n + 1):
            counts[u] += counts[u - i]
    return counts
