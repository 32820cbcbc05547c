"""What is kept of an array: all of a small one, of a large one what sums it up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine.sparse import SparseRows
from ..engine.value import Value

KEPT = 1_024  # elements of an array that is kept whole
PART = 1 << 16  # elements that are looked at together


@dataclass(frozen=True)
class Seen:
    """An array as it was at one moment.

    `values` holds a copy where it has at most `KEPT` elements, else None; `low`, `high`, `mean`
    and `norm` are of its finite elements, nan where there are none.
    """

    shape: tuple[int, ...]
    dtype: str
    values: np.ndarray | None = field(repr=False)
    low: float
    high: float
    mean: float
    norm: float
    not_finite: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))


def seen(x: Any, kept: int = KEPT) -> Seen:
    """What is kept of a number, an array, a Tensor or a gradient of some rows."""
    shape = np.shape(x) if not hasattr(x, "shape") else tuple(x.shape)
    size = int(np.prod(shape, dtype=int))
    if isinstance(x, SparseRows) and size > kept:  # which is not made dense
        array = as_array(x.data)
        return Seen(x.shape, array.dtype.name, None, *_figures(array, size))
    array = as_array(x)
    values = array.copy() if size <= kept else None
    return Seen(shape, array.dtype.name, values, *_figures(array, size))


def unseen(shape: tuple[int, ...], dtype: Any) -> Seen:
    """What is kept of an array that was never met."""
    nan = float("nan")
    return Seen(tuple(shape), np.dtype(dtype).name, None, nan, nan, nan, nan, 0)


def _figures(array: np.ndarray, size: int) -> tuple[float, float, float, float, int]:
    """Lowest, highest, mean, norm, and how many are nan or inf, of `size` numbers: those that
    the array lacks are 0."""
    lows, highs, count = [], [], size - array.size
    for x in _parts(array):
        count += x.size
        lows += [x.min()] if x.size else []
        highs += [x.max()] if x.size else []
    if not count:
        return np.nan, np.nan, np.nan, 0.0, size
    missing = [0.0] if size > array.size else []
    low, high = min(lows + missing), max(highs + missing)
    scale = np.ldexp(1.0, np.frexp(max(-low, high))[1] - 1) or 1.0  # so that nothing overflows
    total = square = 0.0
    for x in _parts(array):
        total, square = total + (x / scale).sum(), square + np.square(x / scale).sum()
    norm = float(scale) * float(np.sqrt(square))  # inf beyond the largest, without a warning
    return float(low), float(high), float(scale * (total / count)), norm, size - count


def _parts(array: np.ndarray) -> Iterator[np.ndarray]:
    """The finite numbers of an array, some at a time: no copy of all of a large one."""
    if array.dtype.kind not in "biuf":
        return
    flags: Any = ["external_loop", "buffered", "zerosize_ok"]
    for part in np.nditer(array, flags=flags, buffersize=PART):
        x = np.asarray(part, float)
        yield x[np.isfinite(x)]


def as_array(x: Any) -> np.ndarray:
    """Its numbers on the host."""
    x = x.dense() if isinstance(x, SparseRows) else x
    x = x.data if isinstance(x, Value) else x
    return np.asarray(x.get() if hasattr(x, "get") else x)
