"""Curves over levels of harm, one a seed, and the raw area under them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ...kernels import OptionError
from .interval import Interval, interval, paired
from .table import Record, aligned, figure, plain

ALL = "all"
LEVELS = tuple(k / 10 for k in range(11))
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Curve(Record):
    """A metric over levels. Shapes: values (seeds, levels).

    `modality` is what was harmed, or "all"; `harm` says how.
    """

    modality: str
    harm: str
    levels: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]

    @property
    def clean(self) -> float:
        """The metric at the first level."""
        return self.values[0][0]

    @property
    def means(self) -> list[float]:
        """By level, the mean over seeds."""
        return [math.fsum(column) / len(column) for column in zip(*self.values, strict=True)]

    @property
    def areas(self) -> list[float]:
        """By seed, the raw area under the curve over the range of levels: the mean height, in
        0..1 where the metric is. Nothing is scaled by tables of others."""
        span = self.levels[-1] - self.levels[0]
        return [float(np.trapezoid(row, self.levels)) / span for row in self.values]

    @property
    def area(self) -> Interval:
        """The mean of the areas, and its 95 % interval over seeds."""
        return interval(self.areas)

    def less(self, other: Curve) -> Interval:
        """The area less that of another curve of the same run, seed by seed.

        Raises: OptionError for a curve of other levels or seeds.
        """
        if (self.levels, len(self.values)) != (other.levels, len(other.values)):
            got = f"{len(other.values)} seeds at {len(other.levels)} levels"
            expected = f"{len(self.values)} seeds at {len(self.levels)} levels alike"
            raise OptionError("Curve", expected, got, "measure both in one run")
        return paired(self.areas, other.areas)

    def to_json(self) -> dict[str, Any]:
        """Values, means and area."""
        area = {"area": self.area.mean, "area_half_width": self.area.half}
        return plain({**super().to_json(), "means": self.means, **area})

    def __str__(self) -> str:
        rows = [
            [figure(level), *(figure(row[k]) for row in self.values), figure(self.means[k])]
            for k, level in enumerate(self.levels)
        ]
        seeds = (f"run {k + 1}" for k in range(len(self.values)))
        table = aligned(["level", *seeds, "mean"], rows)
        return f"{self.harm} of {self.modality}: area {self.area}\n{table}"


def demand_levels(where: str, levels: Sequence[float], seeds: Sequence[int]) -> None:
    """Raises: OptionError for levels that do not rise within 0..1, or no seed."""
    rising = all(a < b for a, b in pairwise(levels))
    if len(levels) < 2 or not rising or levels[0] < 0 or levels[-1] > 1:
        expected = "two levels or more that rise within 0..1"
        raise OptionError(where, expected, str(list(levels)), "0 .. 1 by .1 is the default")
    if not seeds:
        raise OptionError(
            where, "a seed or more", "none", "three are the least for an interval"
        )
