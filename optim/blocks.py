"""Memory for states, side by side.

An array of some hundred kilobytes lies on a hundred small pages of memory, and a step through
hundreds of arrays waits for the processor to look them all up. NumPy asks the system for large
pages where an array is large; so states are cut from large arrays.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

SIZE = 1 << 24  # bytes of a block
LEAST, MOST = 1 << 16, 1 << 22  # bytes of what is cut; more has large pages of its own
LINE = 64  # bytes of a line of the cache, where each begins


class Blocks:
    """Blocks of one optimizer; each lives as long as an array that was cut from it."""

    def __init__(self) -> None:
        self._left = np.empty(0, np.uint8)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """An array of any values, as of `np.empty`."""
        count = math.prod(shape) * dtype.itemsize
        if not LEAST <= count < MOST:
            return np.empty(shape, dtype)
        if self._left.size < count + LINE:
            fresh = np.empty(SIZE, np.uint8)
            self._left = fresh[-fresh.ctypes.data % LINE :]
        part, self._left = self._left[:count], self._left[-(-count // LINE) * LINE :]
        return part.view(dtype).reshape(shape)

    def __deepcopy__(self, memo: dict[int, Any]) -> Blocks:
        return Blocks()
