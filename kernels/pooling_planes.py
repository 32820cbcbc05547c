"""Pools of many planes: what `loops/pool.py` is given, for one or two axes."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from . import compiled, pool, threads
from .compiled import FROM
from .parting import Parting
from .windows import Pads, Sizes

CACHED = 1024  # elements of a part: all parts then stay in the cache


def is_large(*arrays: Any) -> bool:
    """Whether the first has enough elements, and all are of one float type and batch."""
    first = arrays[0]
    fits = all(type(a) is np.ndarray and a.dtype == first.dtype for a in arrays)
    return fits and first.size >= FROM and first.dtype.char in "fd"


def forward(
    x: np.ndarray, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads, places: Sizes,
    counts: Any,
) -> np.ndarray:  # fmt: skip
    """A mean where there are counts, else the largest."""
    parting, planes = Parting(size, stride, dilation, pads, places), _planes(x, len(size))
    y, number = pool.empty((*x.shape[: -len(size)], *places), x.dtype), _threads(len(planes))
    together = max(1, CACHED // (parting.deep * parting.wide))
    border = -np.inf if counts is None else 0.0
    parts = parting.memory(number, parting.parts, together, dtype=x.dtype, value=border)
    lines = parting.memory(number, 1, together, dtype=x.dtype)
    given = (counts is None, planes, y.reshape(-1, *parting.places), _table(counts, x.dtype))
    _run("forward", (*given, *parting.settings(together)), (parts, lines), len(planes))
    return y


def backward(
    g: np.ndarray, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads, shape: Sizes,
    x: np.ndarray, y: np.ndarray, counts: Any,
) -> np.ndarray:  # fmt: skip
    """What passes back: of a mean where there are counts, else of the largest."""
    n, dx = len(size), pool.empty(shape, g.dtype)
    parting, planes = Parting(size, stride, dilation, pads, g.shape[-n:]), _planes(g, n)
    number, together = _threads(len(planes)), max(1, CACHED // (parting.deep * parting.wide))
    some = (number, parting.parts, together)
    parts = parting.memory(*some, dtype=g.dtype, value=-np.inf)
    given = parting.memory(*some, dtype=g.dtype)
    lines = parting.memory(number, 3, together, dtype=g.dtype)
    to = dx.reshape(len(planes), *((1,) * (2 - n)), *shape[-n:])
    first = (counts is None, _planes(x, n), _planes(y, n), planes, to, _table(counts, g.dtype))
    settings = parting.settings(together)
    _run("backward", (*first, *settings), (parts, given, lines), len(planes))
    return dx


def _run(name: str, given: Any, memory: Any, planes: int) -> None:
    """One loop, on as many threads as there is memory for."""
    loops = compiled.loops("pool")
    if len(memory[0]) > 1:
        getattr(loops, f"{name}_parallel")(*given, *memory)
    else:
        getattr(loops, name)(*given, *(m[0] for m in memory), 0, planes)


def _planes(x: np.ndarray, n: int) -> np.ndarray:
    """Shapes: (..., *S) -> (planes, H, W); locked as the arrays of a graph are, so that all are
    of one type to compile for."""
    planes = np.ascontiguousarray(x).reshape(-1, *((1,) * (2 - n)), *x.shape[-n:])
    planes.flags.writeable = False
    return planes


def _threads(planes: int) -> int:
    return min(planes, int(threads.numba().get_num_threads()))


def _table(counts: Any, dtype: Any) -> np.ndarray:
    """Shapes: T for each axis -> (TH, TW)."""
    if counts is None:
        return np.ones((1, 1), dtype)
    return np.atleast_2d(reduce(np.multiply.outer, map(np.array, counts))).astype(dtype)
