"""Memory for large arrays that come and go: kept by size, and given out again.

Fresh memory costs a page fault for every few kilobytes that are first written to, which for a
large array takes longer than to compute it. Here an array that nobody holds any longer leaves
its memory to the next one of about its size.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

FROM = 1 << 18  # bytes; below, the allocator of the system keeps pages itself
LIMIT = 1 << 29  # bytes that may lie idle
STEPS = 8  # sizes between one power of two and the next, so that at most an eighth is lost

_free: dict[int, list[Memory]] = {}
_lock = threading.RLock()  # one thread may be interrupted, inside, by the end of an array
_idle = 0


class Memory(np.ndarray):
    """Bytes that outlive the arrays on them."""


class Block(np.ndarray):
    """Bytes while an array stands on them; their end gives the memory back."""

    def __del__(self) -> None:
        if self.base.__class__ is Memory:
            _give_back(self.base)


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array of any values, as of `np.empty`; large ones on memory that was used before."""
    dtype = np.dtype(dtype)
    count = math.prod(shape) * dtype.itemsize
    if count < FROM:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _taken(_size(count)).view(Block))


def _size(count: int) -> int:
    """The next of the sizes that are kept."""
    step = 1 << max(count.bit_length() - 1 - STEPS.bit_length() + 1, 12)
    return -(-count // step) * step


def _taken(size: int) -> Memory:
    global _idle
    with _lock:
        if held := _free.get(size):
            _idle -= size
            return held.pop()
    return Memory(size, np.uint8)


def _give_back(memory: Memory) -> None:
    global _idle
    with _lock:
        if _idle + memory.nbytes <= LIMIT:
            _idle += memory.nbytes
            _free.setdefault(memory.nbytes, []).append(memory)


def idle() -> int:
    """Bytes that lie idle."""
    return _idle


def clear() -> None:
    """Give all idle memory back to the system."""
    global _idle
    with _lock:
        _free.clear()
        _idle = 0
