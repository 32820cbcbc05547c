"""What a race leaves behind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels import OptionError
from .contour import Grid


@dataclass(frozen=True)
class Trial:
    """A learning rate, the loss it ended at, and the step at which it left the finite numbers,
    if it did; its loss is then inf."""

    lr: float
    loss: float
    diverged_at: int | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """The best trial of an optimizer, and all that were tried.

    Shapes: steps (rows,), the step of each point; path (rows, 2) in the axes of the race;
    losses (all steps,). Points and losses after `diverged_at` may be inf or nan.
    """

    name: str
    lr: float
    trials: tuple[Trial, ...]
    steps: np.ndarray
    path: np.ndarray
    losses: np.ndarray
    diverged_at: int | None = None
    rank: int = 0

    @property
    def loss(self) -> float:
        """The loss at the last point; inf for a run that left the finite numbers."""
        return float(self.losses[-1]) if self.diverged_at is None else math.inf

    @property
    def at_edge(self) -> bool:
        """Whether a rate outside the grid might have done better."""
        return self.lr in (self.trials[0].lr, self.trials[-1].lr)

    def __repr__(self) -> str:
        end = self.diverged_at
        came = f"loss {self.loss:.4g}" if end is None else f"diverged at step {end}"
        return f"{self.rank}. {self.name}: {came}, lr={self.lr:g}"


@dataclass(frozen=True, eq=False)
class Race:
    """Runs, best first, and the terms that were the same for all.

    `kind` is `surface` (two coordinates), `time` (one against the step; no grid) or `plane` (a
    network, projected; `variance` says how much of the paths' variance each axis explains).
    `formula` is that of a surface, which `latex` spells and the `grid` holds values of.
    `terms` are what the card of this race says beside what is the same for every race.
    """

    name: str
    title: str
    kind: str
    axes: tuple[str, str]
    latex: str
    watch: str
    start: tuple[float, float]
    window: tuple[tuple[float, float], tuple[float, float]]
    runs: tuple[Run, ...]
    rates: tuple[float, ...]
    steps: int
    seed: int
    formula: Callable[[Any, Any], Any] | None = None
    minima: tuple[tuple[float, float], ...] | None = None
    least: float | None = None
    grid: Grid | None = None
    variance: tuple[float, float] | None = None
    terms: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, name: str) -> Run:
        """The run of an optimizer, by name."""
        for run in self.runs:
            if run.name.lower() == name.lower():
                return run
        known = ", ".join(run.name for run in self.runs)
        raise OptionError("Race", "an optimizer of this race", repr(name), f"one of {known}")

    def __repr__(self) -> str:
        head = f"{self.title}: {self.steps} steps, {len(self.rates)} rates tried for each"
        return "\n".join([head, *map(repr, self.runs)])
