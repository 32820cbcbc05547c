"""First values that are given, not drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.create import sizes
from ...kernels import OptionError
from .scale import Shape, matrix

DTYPE = np.float32


def constant(shape: Shape, value: float, dtype: Any = DTYPE) -> np.ndarray:
    """One number everywhere."""
    return np.full(sizes("init.constant", shape), value, dtype)


def zeros(shape: Shape, dtype: Any = DTYPE) -> np.ndarray:
    """All zero."""
    return np.zeros(sizes("init.zeros", shape), dtype)


def ones(shape: Shape, dtype: Any = DTYPE) -> np.ndarray:
    """All one."""
    return np.ones(sizes("init.ones", shape), dtype)


def dirac(shape: Shape, groups: int = 1, dtype: Any = DTYPE) -> np.ndarray:
    """A weight (out, in / groups, *window) that gives channels as they are: 1 in the middle of
    the window, for as many channels as both sides of a group have. Without a window it is the
    identity.

    Raises: ShapeError for less than two axes; OptionError where groups do not divide out.
    """
    y = zeros(matrix("init.dirac", shape), dtype)
    out, into, *window = y.shape
    if groups < 1 or out % groups:
        got = f"groups={groups} for shape {y.shape}"
        raise OptionError("init.dirac", "groups that divide out", got, "change one of them")
    own = np.arange(min(out // groups, into))
    for group in range(groups):
        y[(group * (out // groups) + own, own, *(n // 2 for n in window))] = 1
    return y
