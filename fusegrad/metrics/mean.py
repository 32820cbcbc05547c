"""A mean of what comes bit by bit."""

from __future__ import annotations

import math
from typing import Any


class Mean:
    """The running mean of values with weights, as of batches of unequal size:
    sum w x / sum w; nan before the first.

    >>> loss = Mean()
    >>> loss.add(2.0, weight=3)
    >>> loss.add(6.0, weight=1)
    >>> loss.value
    3.0
    """

    def __init__(self) -> None:
        self.total, self.weight = 0.0, 0.0

    def add(self, value: Any, weight: float = 1.0) -> None:
        """One more value."""
        self.total += float(value) * weight
        self.weight += weight

    @property
    def value(self) -> float:
        return self.total / self.weight if self.weight else math.nan

    def __repr__(self) -> str:
        return f"Mean({self.value:g})"
