"""How far values have moved since they were last looked at: two sums and a copy at once."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .compiled import compile_source
from .kernel import kernel

# Elements from which a compiled loop is worth starting a compiler for.
NUMBA_FROM = 65_536
SAFE = (1e-24, 1e30)  # squares of float32 within neither vanish nor overflow
LOOP = """\
import numpy as np
from numba import njit


@njit(error_model="numpy", nogil=True, fastmath={"reassoc", "contract"})
def advance(memory, x):
    held, moved = 0.0, 0.0
    for i in range(x.size):
        a = np.float64(memory[i])
        d = a - np.float64(x[i])
        held += a * a
        moved += d * d
        memory[i] = x[i]
    return held, moved
"""


@cache
def _compiled() -> Any:
    return compile_source("advance", LOOP)


@kernel
def advance(memory: Any, x: Any) -> tuple[float, float]:
    """The sums of squares of what memory held, and of that less x; then it holds x.

    Shapes: memory and x alike. Memory has its rows first, and is the caller's own.
    """
    old, new = memory.reshape(-1), x.reshape(-1)
    is_large = isinstance(new, np.ndarray) and new.size >= NUMBA_FROM
    if is_large and new.dtype.char in "fd" and old.dtype == new.dtype:
        held, moved = _compiled().advance(old, new)
        return float(held), float(moved)
    held = squares(old)
    old -= new
    moved = squares(old)
    old[...] = new
    return held, moved


@kernel
def sum_of_squares(x: Any) -> float:
    """The sum of all x**2; in the dtype of x where that is safe, else in float64."""
    return squares(x.reshape(-1))


def squares(flat: Any) -> float:
    """The same of what is flat already."""
    code = flat.dtype.char  # which is compared faster than a dtype
    if code in "fd":
        total = float(flat @ flat)
        if code == "d" or SAFE[0] < total < SAFE[1]:
            return total
    flat = flat.astype("float64")
    return float(flat @ flat)
