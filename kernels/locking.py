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


def lock(x: Any) -> None:
    """Refuse writes to x from now on."""
    if x.__class__ is np.ndarray:
        x.setflags(write=False)


def memory_of(x: Any) -> Any:
    """The array that owns the memory of x."""
    while getattr(x, "base", None) is not None:
        x = x.base
    return x


@contextmanager
def opened(arrays: Sequence[Any]) -> Iterator[None]:
    """Allow writes to locked arrays in this block."""
    locked = [
        a
        for x in arrays
        for a in (memory_of(x), x)  # a view opens only after its memory
        if a.__class__ is np.ndarray and not a.flags.writeable
    ]
    for a in locked:
        a.setflags(write=True)
    try:
        yield
    finally:
        for a in locked:
            a.setflags(write=False)
