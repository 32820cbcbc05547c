"""Derivatives from values alone: central differences, and the kinks they betray."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

# A central difference of step h errs by h^2 and by eps/h; h = eps^(1/3) balances the two.
STEP = float(np.finfo(np.float64).eps ** (1 / 3))
SMALLEST = float(np.finfo(np.float64).smallest_normal)
# What rounding adds to a difference of terms that add up, in size, to 1: eps / h for each of
# the four values, and as much again for their own last digits.
ROUNDING = 8 * float(np.finfo(np.float64).eps) / STEP
KINK = 1e-3  # the share of a slope by which it must change at a point to be a kink
NOISE = 1e3 * float(np.finfo(np.float64).eps)  # what may be rounding alone

Values = Callable[[list[np.ndarray]], np.ndarray]  # a function of arrays, as an array


class Slopes(NamedTuple):
    """The derivative in one argument, and the slopes on either side of it.

    Shapes: x -> y gives (*x.shape, *y.shape) each.
    """

    central: np.ndarray
    left: np.ndarray
    right: np.ndarray
    kinked: np.ndarray


def slopes(
    f: Values,
    arrays: Sequence[np.ndarray],
    argument: int,
    step: float = STEP,
    here: np.ndarray | None = None,
) -> Slopes:
    """Fourth-order central differences of f in each element of one argument; `here` is f of
    the arrays, where that is known.

    A point is kinked where the slopes on either side differ, and differ no less at half the
    step: where a function is smooth that gap halves with the step.
    """
    shape = arrays[argument].shape
    here = f(list(arrays)) if here is None else here
    found = [_at(f, arrays, argument, index, here, step) for index in np.ndindex(shape)]
    columns = zip(*found) if found else [[np.zeros((0, *here.shape))]] * 4
    return Slopes(*(np.array(c).reshape((*shape, *here.shape)) for c in columns))


def _at(
    f: Values,
    arrays: Sequence[np.ndarray],
    argument: int,
    index: Any,
    here: np.ndarray,
    step: float,
) -> tuple[np.ndarray, ...]:
    def moved(steps: float) -> np.ndarray:
        others = [a.copy() for a in arrays]
        others[argument][index] += steps * step
        return f(others)

    up, down, far_up, far_down = moved(1), moved(-1), moved(2), moved(-2)
    with np.errstate(all="ignore"):  # a value that is no number makes a difference that is none
        central = (8 * (up - down) - (far_up - far_down)) / (12 * step)
        gap = np.abs(up + down - 2 * here)
        far_gap = np.abs(far_up + far_down - 2 * here) / 2
        size = np.maximum(np.abs(up - here), np.abs(down - here))
        is_kink = (gap > KINK * size) & (far_gap < 1.5 * gap) & (gap > NOISE * np.abs(here))
        return central, (here - down) / step, (up - here) / step, is_kink
