"""How planes are parted for the loops of `vector/parts.py`."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .windows import Pads, Sizes


class Parting:
    """Windows on one or two axes, as the loops take them: `shifts` and `count`, `stride` and
    `before`; and the lengths of a part's axes. One axis is the second of two."""

    def __init__(
        self, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads, places: Sizes
    ) -> None:
        ones = (1,) * (2 - len(size))
        size, stride, dilation = (*ones, *size), (*ones, *stride), (*ones, *dilation)
        self.places, self.stride, self.parts = (*ones, *places), stride, math.prod(stride)
        self.before = (*(0 for _ in ones), *(a for a, _ in pads))
        over = [(k - 1) * d // s for k, d, s in zip(size, dilation, stride)]
        self.deep, self.wide = (t + o for t, o in zip(self.places, over))
        self.shifts = _shifts(size, stride, dilation, self.wide)

    def settings(self, planes: int = 1) -> tuple[Any, ...]:
        """With so many planes in a row."""
        rows = (planes - 1) * self.deep + self.places[0]
        count = (rows - 1) * self.wide + self.places[1]
        return self.shifts, count, self.stride, self.before

    def memory(self, *lead: int, dtype: Any, value: float = 0.0) -> np.ndarray:
        return np.full((*lead, self.deep, self.wide), value, dtype)

    def is_place(self) -> np.ndarray:
        """Where a run over one plane is at a place, and not between two. Shapes: (count,)."""
        spots = np.zeros((self.deep, self.wide), bool)
        spots[: self.places[0], : self.places[1]] = True
        return spots.reshape(-1)[: self.settings()[1]]


@lru_cache(256)
def _shifts(size: Sizes, stride: Sizes, dilation: Sizes, wide: int) -> np.ndarray:
    """In which part each element of a window lies, and shifted by what. Shapes: (K, 2)."""
    (down, across), found = stride, []
    for i, j in np.ndindex(size):
        (h, a), (w, b) = divmod(i * dilation[0], down), divmod(j * dilation[1], across)
        found.append((a * across + b, h * wide + w))
    return np.array(found, np.int64)
