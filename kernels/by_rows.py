"""Where compiled code over rows takes over from NumPy's passes: large float arrays of the CPU,
and all of a GPU."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import on_cuda_rows, pool, threads
from .compiled import FROM, loops
from .device import is_cuda, module_of
from .row_text import STORED

Axis = int | tuple[int, ...] | None

MANY = 131_072  # elements from which a second thread pays
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def are_large(first: Any, *others: Any) -> bool:
    """Whether compiled code takes these arrays: the first is large, all have its dtype."""
    if first.__class__ is not np.ndarray:
        fits = is_cuda(first) and first.size and first.dtype.name in STORED
        return bool(fits) and are_alike(first, *others)
    return first.size >= FROM and first.dtype in FLOATS and are_alike(first, *others)


def are_alike(first: Any, *others: Any) -> bool:
    """Whether others are arrays of the same device, and of the dtype of the first."""
    return all([x.__class__ is first.__class__ and x.dtype == first.dtype for x in others])


def empty(shape: tuple[int, ...], dtype: Any, like: Any) -> Any:
    """An array of any values, on the device of another."""
    if like.__class__ is np.ndarray:
        return pool.empty(shape, dtype)
    return module_of(like).empty(shape, dtype)


def run(file: str, name: str, given: tuple[Any, ...], outs: tuple[Any, ...]) -> None:
    """Run a function of `loops/` on arrays it reads and arrays it writes, on all threads where
    there are more than one: the result has the same bits either way. On a GPU, the rule of that
    name."""
    if outs[0].__class__ is not np.ndarray:
        return on_cuda_rows.run(name, given, outs)
    module = loops(file)
    size = max([x.size for x in (*given, *outs) if x.__class__ is np.ndarray])
    is_many = size >= MANY and threads.numba().get_num_threads() > 1
    function = getattr(module, f"{name}_parallel" if is_many else name)
    function(*map(read_only, given), *outs)


def parts(rows: Any, together: int) -> int:
    """How many parts of the rows add up on their own, where so many rows belong together."""
    if rows.__class__ is np.ndarray:
        return int(loops("norms").parts(read_only(rows), together))
    return on_cuda_rows.parts(len(rows), together)


def sums_in(x: Any) -> Any:
    """The dtype in which elements of x add up."""
    return np.dtype(np.float32) if x.dtype.itemsize < 4 else x.dtype


def read_only(x: Any) -> Any:
    """x as the one type of array that loops read: a locked array would be another."""
    if x.__class__ is np.ndarray:
        x = np.ascontiguousarray(x).view()
        x.setflags(write=False)
    return x


def row_length(shape: tuple[int, ...], axis: Axis) -> int:
    """The length of the rows that axes make, in the order in which they lie; 0 where they make
    none, or other axes lie between or behind them."""
    at, n = sorted(normal(shape, axis)), len(shape)
    if not at or at != list(range(n - len(at), n)):
        return 0
    return math.prod(shape[n - len(at) :])


def normal(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """Axes, counted from the front."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple([a % len(shape) for a in axes])


def kept(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape with axes of length 1 in the place of those that are folded."""
    axes = normal(shape, axis)
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])
