"""Arrays that nobody may write to: what a graph has saved must stay what it was.

NumPy itself refuses a write to a locked array, at the line that tries, and so does every view
of it. A kernel that renews an array on purpose opens it for that moment. Arrays on a GPU have
no such lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .pool import Block


def lock(x: Any) -> None:
    """Refuse writes to x from now on."""
    if x.__class__ is np.ndarray:
        x.setflags(write=False)


def memory_of(x: Any) -> Any:
    """The array that owns the memory of x, for itself or from the pool."""
    while (base := getattr(x, "base", None)) is not None and base.__class__ is not Block:
        x = base
    return x


def is_view(x: Any) -> bool:
    """Whether x stands in the memory of another array."""
    base = x.base
    return base is not None and base.__class__ is not Block


def _is_locked(x: Any) -> bool:
    return x.__class__ is np.ndarray and not x.flags.writeable


@contextmanager
def opened(arrays: Sequence[Any]) -> Iterator[None]:
    """Allow writes to locked arrays in this block."""
    locked = []
    for x in arrays:
        if x.base is not None and (memory := memory_of(x)) is not x and _is_locked(memory):
            locked.append(memory)  # a view opens only after its memory
        if x.__class__ is np.ndarray and not x.flags.writeable:
            locked.append(x)
    for a in locked:
        a.setflags(write=True)
    try:
        yield
    finally:
        for a in locked:
            a.setflags(write=False)
