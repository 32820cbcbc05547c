"""Whether a gradient is what an op's values say: by the complex step, or by differences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..engine.check import SMALLER, TOLERANCE
from ..engine.differences import ROUNDING, SMALLEST, STEP
from .alone import Moved

Verdict = Literal["agrees", "differs", "at a kink", "not checked"]
Method = Literal["complex step", "differences", ""]
# Of the largest slope. A vjp is a few roundings a term, and so is a complex step.
COMPLEX = 64 * float(np.finfo(np.float64).eps)
DIFFERENCES = TOLERANCE
TRUST = 1e-6  # how far a complex step may be from one difference: more, and it is no slope
BETWEEN = 1e-5  # what slopes of either side of a kink are uncertain by, relative


@dataclass(frozen=True)
class Judgement:
    """A verdict; the largest error, the slope that it is relative to, and where it lies."""

    verdict: Verdict
    method: Method = ""
    error: float = float("nan")
    scale: float = 1.0
    index: tuple[int, ...] = ()
    reason: str = ""


def judged(moved: Moved) -> Judgement:
    """By the complex step if that is a slope and agrees, else by differences."""
    if moved.gradient.shape != moved.x.shape:
        return Judgement("differs", "differences", float("inf"))
    if moved.x.size == 0:
        return Judgement("agrees", "complex step", 0.0)
    with np.errstate(all="ignore"):
        return _by_complex_step(moved) or _Differences(moved).judgement()


# ---- by the complex step ------------------------------------------------------------------
def _by_complex_step(moved: Moved) -> Judgement | None:
    """Agreement; None where there is none, or where the op is not analytic."""
    J = moved.by_complex_step()
    if J is None or not (np.isfinite(J).all() and _is_slope(moved, J)):
        return None
    error = np.abs(moved.gradient - moved.summed(J))
    scale = max(float(moved.summed(np.abs(J)).max()), SMALLEST)
    if not error.max() <= COMPLEX * scale:
        return None
    return Judgement("agrees", "complex step", float(error.max()), scale, _worst(error))


def _is_slope(moved: Moved, J: np.ndarray) -> bool:
    """Whether a Jacobian is what one direction of differences says it is."""
    noise = ROUNDING / TRUST * np.abs(moved.y)
    for unit in moved.units():
        way = moved.direction * unit
        found, known = moved.one_way(way), moved.along(J, way)
        size = max(float(np.abs(known).max(initial=0)), SMALLEST)
        near = np.abs(found.central - known) <= TRUST * np.maximum(size, noise)
        if near.all() and not found.kinked.any():
            return True
    return False


# ---- by differences -----------------------------------------------------------------------
class _Differences:
    """The vjp beside differences of several steps: an element is right if it agrees at one."""

    def __init__(self, moved: Moved) -> None:
        self.moved, self.g = moved, moved.gradient
        shape = moved.x.shape
        self.right, self.kinked, self.finite, self.settled = np.zeros((4, *shape), bool)
        self.error, self.scale = np.full(shape, np.inf), np.full(shape, SMALLEST)
        self._look()

    def _look(self) -> None:
        for unit in self.moved.units():
            last = np.full(self.g.shape, np.nan)
            for step in (STEP, *SMALLER):
                last = self._step(unit, step, last)
                if self.right.all():
                    return

    def _step(self, unit: np.ndarray, step: float, last: np.ndarray) -> np.ndarray:
        """Look at one step; gives the slopes, weighted and added up."""
        found, summed = self.moved.by_differences(unit, step), self.moved.summed
        slope = summed(found.central)
        size, noise = self._sizes(found.central, unit, step)
        error = np.abs(self.g - slope)
        is_bad = np.isnan(error) & np.isfinite(slope)  # where the gradient is no number
        error = np.where(is_bad, np.inf, error)
        scale = np.maximum(size, noise)
        bent = summed(found.kinked * 1.0) > 0
        right = (error <= DIFFERENCES * scale) & ~bent
        self.kinked |= bent & self._between(found.left, found.right)
        self.finite |= np.isfinite(slope)
        self.settled |= np.abs(slope - last) <= error / 10
        self._note((right & ~self.right) | np.isinf(self.error), error, scale)
        self.right |= right
        return slope

    def _note(self, where: np.ndarray, error: np.ndarray, scale: np.ndarray) -> None:
        """Keep errors of the first step, the surest, or of the first that agrees."""
        where = where & ~np.isnan(error)
        self.error = np.where(where, error, self.error)
        self.scale = np.where(where, np.maximum(scale, SMALLEST), self.scale)

    def _sizes(self, J: np.ndarray, unit: np.ndarray, step: float) -> tuple[float, np.ndarray]:
        """The largest slope, its terms taken by size, and what rounding may add to each."""
        terms = self.moved.summed(np.abs(J))
        size = float(np.max(terms, initial=0, where=np.isfinite(terms)))
        read = self.moved.summed(np.broadcast_to(np.abs(self.moved.y), J.shape))
        return size, ROUNDING * STEP / step / DIFFERENCES * read / np.maximum(1, unit)

    def _between(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        low = self.moved.summed(np.minimum(left, right))
        high = self.moved.summed(np.maximum(left, right))
        slack = BETWEEN * np.maximum(np.abs(low), np.abs(high))
        return np.asarray((low - slack <= self.g) & (self.g <= high + slack))

    def judgement(self) -> Judgement:
        """What comes of all steps."""
        wrong = ~(self.right | self.kinked)
        if (sure := wrong & self.finite & self.settled).any():
            return self._at("differs", sure)
        if wrong.any():
            settle = "differences do not settle there, as at a pole or a jump"
            why = settle if (wrong & self.finite).any() else "values beside it are no numbers"
            return replace(self._at("not checked", wrong), method="", reason=why)
        if not self.right.all():
            return self._at("at a kink", ~self.right)
        return self._at("agrees", self.right)

    def _at(self, verdict: Verdict, among: np.ndarray) -> Judgement:
        """A verdict with the worst of some elements."""
        error = np.where(among, self.error, -1.0)
        at = _worst(error)
        return Judgement(verdict, "differences", float(error[at]), float(self.scale[at]), at)


def _worst(error: np.ndarray) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(np.argmax(error), error.shape)))
