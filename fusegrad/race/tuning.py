"""Which of the trials of an optimizer counts, and who comes before whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..kernels import OptionError
from .record import Run, Trial

A_DECADE = 4  # trials for a factor of ten, unless told otherwise


def grid_of(where: str, span: tuple[float, float], trials: int | None) -> tuple[float, ...]:
    """Learning rates by equal factors, of three digits, so that they can be typed again.

    >>> grid_of("race", (0.01, 1.0), 5)
    (0.01, 0.0316, 0.1, 0.316, 1.0)
    """
    low, high = span
    if not 0 < low < high < math.inf:
        repair = "give the smallest and the largest to try"
        raise OptionError(where, "rates (low, high), 0 < low < high", f"rates={span}", repair)
    if trials is None:
        trials = round(A_DECADE * math.log10(high / low)) + 1
    check_count(where, "trials", trials, 2)
    return tuple(float(f"{rate:.3g}") for rate in np.geomspace(low, high, trials))


def check_count(where: str, name: str, value: int, least: int) -> None:
    """Refuse what is no whole number, or too small."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        got, repair = f"{name}={value!r}", f"give {least} or more"
        raise OptionError(where, f"{name}, a whole number from {least}", got, repair)


def trials_of(
    rates: Sequence[float], losses: np.ndarray, finite: np.ndarray
) -> tuple[Trial, ...]:
    """What became of each trial. Shapes: losses (rows, K), finite (rows, K) truth values."""
    sound = finite & np.isfinite(losses)
    ends = [None if ok.all() else int(np.argmin(ok)) for ok in sound.T]
    last = np.where(sound.all(axis=0), losses[-1], math.inf).tolist()
    return tuple(Trial(lr, loss, end) for lr, loss, end in zip(rates, last, ends))


def merit(result: Trial | Run) -> tuple[bool, float]:
    """What sorts trials and runs: the last loss; those that diverged after all others, the
    longest-lived of them first."""
    if result.diverged_at is not None:
        return True, -float(result.diverged_at)
    return False, result.loss


def best_of(trials: Sequence[Trial]) -> int:
    """The number of the trial that counts; of equals, that of the smallest rate."""
    return min(range(len(trials)), key=lambda k: merit(trials[k]))


def ranked(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Best first, with ranks from 1; those that end on the same bits share one."""
    order = sorted(runs, key=merit)
    places = [merit(run) for run in order]
    return tuple(
        replace(run, rank=places.index(place) + 1) for run, place in zip(order, places)
    )
