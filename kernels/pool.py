"""Memory for large arrays that come and go: kept by size, and given out again.

Fresh memory costs a page fault for every few kilobytes that are first written to, which for a
large array takes longer than to compute it: as soon as several arrays live at once, up to 15
times as long. Here an array that nobody holds any longer leaves its memory to the next one of
about its size.

FUSEGRAD_POOL says how many bytes may lie idle, at most: 0 is none, and no pool. Unless it is
set, an eighth of the machine's memory, but no more than 2 GB.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import OptionError

FROM = 1 << 16  # bytes; below, the allocator of the system keeps pages itself
# Arrays begin in the middle of a page: where a cache line does, and far from where those of
# the system begin. A processor that compares the last 12 bits of two addresses would hold a
# read back which stands just behind a write, in another page.
PAGE, MIDDLE = 4096, 2048
STEPS = 8  # sizes between one power of two and the next, so that at most an eighth is lost
MOST, SHARE = 1 << 31, 8  # the limit: so many bytes, or this part of the memory


class Memory(np.ndarray):
    """Bytes that outlive the arrays on them."""


class Pool:
    """Idle memory by size, of which what was used longest ago makes way.

    No call waits for another: a thread that finds the pool busy, or an array that ends while
    its own thread is at it, goes without.
    """

    def __init__(self) -> None:
        self.free: dict[int, list[Memory]] = {}
        self.lock = threading.Lock()
        self.idle = 0
        self.limit: int | None = None

    def take(self, size: int) -> Memory:
        """Memory of this size, of any content."""
        if self.lock.acquire(blocking=False):
            try:
                if held := self.free.get(size):
                    self.idle -= size
                    return held.pop()
            finally:
                self.lock.release()
        return _fresh(size)

    def give(self, memory: Memory) -> None:
        """Keep memory for the next array."""
        if self.lock.acquire(blocking=False):
            try:
                size = memory.nbytes
                self.free[size] = [*self.free.pop(size, ()), memory]  # the last used comes last
                self.idle += size
                self._shrink(self.limit or 0)
            finally:
                self.lock.release()

    def shrink(self, limit: int) -> None:
        """Give the system what lies idle beyond a limit."""
        with self.lock:
            self._shrink(limit)

    def _shrink(self, limit: int) -> None:
        while self.idle > limit:
            size = next(iter(self.free))
            if held := self.free[size]:
                held.pop()
                self.idle -= size
            else:
                del self.free[size]


_pool = Pool()
if hasattr(os, "register_at_fork"):  # a thread of the parent may have held the lock
    os.register_at_fork(after_in_child=lambda: setattr(_pool, "lock", threading.Lock()))


class Block(np.ndarray):
    """Bytes while an array stands on them; their end gives the memory back."""

    def __del__(  # what it needs is bound here: at exit, modules are emptied first
        self, give: Callable[[Memory], None] = _pool.give, kind: type = Memory
    ) -> None:
        if self.base.__class__ is kind:
            give(self.base)  # type: ignore[arg-type]


def empty(
    shape: tuple[int, ...], dtype: Any, strides: tuple[int, ...] | None = None
) -> np.ndarray:
    """An array of any values, as of `np.empty`; large ones on memory that was used before,
    which they do not own, so that `resize` refuses them. With `strides`, of another dense
    layout than C's.

    Raises: OptionError for a FUSEGRAD_POOL that is no number of bytes.
    """
    dtype = np.dtype(dtype)
    count = math.prod(shape) * dtype.itemsize
    if count < FROM or not limit() or dtype.hasobject:
        return np.ndarray(shape, dtype, strides=strides)
    return np.ndarray(shape, dtype, _pool.take(_size(count)).view(Block), 0, strides)


def copied(x: np.ndarray, dtype: Any = None) -> np.ndarray:
    """The elements of x in other memory; of a large array in rows, where a line of the cache
    begins, so that nothing that a processor loads at once stands in two."""
    if x.nbytes < FROM or not x.flags.c_contiguous or x.dtype.hasobject:
        return np.array(x, dtype)
    y = empty(x.shape, x.dtype if dtype is None else dtype)
    np.copyto(y, x, casting="unsafe")
    return y


def _size(count: int) -> int:
    """The next of the sizes that are kept."""
    step = 1 << max(count.bit_length() - STEPS.bit_length(), 12)
    return -(-count // step) * step


def _fresh(size: int) -> Memory:
    memory = Memory(size + PAGE, np.uint8)
    start = (MIDDLE - memory.ctypes.data) % PAGE
    return memory[start : start + size]  # type: ignore[return-value]


def limit() -> int:
    """Bytes that may lie idle."""
    if _pool.limit is None:
        _pool.limit = _chosen(os.environ.get("FUSEGRAD_POOL", "").strip())
    return _pool.limit


def _chosen(text: str) -> int:
    if text:
        if not (text.isascii() and text.isdigit()):
            rule, repair = "a number of bytes from 0 up", "0 keeps none"
            raise OptionError("FUSEGRAD_POOL", rule, repr(text), repair)
        return int(text)
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # where the system does not say
        return MOST // SHARE
    return min(MOST, whole // SHARE)


def idle() -> int:
    """Bytes that lie idle."""
    return _pool.idle


def clear() -> None:
    """Give all idle memory back to the system."""
    _pool.shrink(0)
