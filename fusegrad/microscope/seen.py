"""What is kept of an array: all of a small one, of a large one what sums it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.sparse import SparseRows
from ..engine.value import Value

KEPT = 1_024  # elements of an array that is kept whole


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
    array = as_array(x)
    numbers = array.astype(float) if array.dtype.kind in "biuf" else np.zeros(0)
    finite = numbers[np.isfinite(numbers)]
    low, high, mean = (
        (finite.min(), finite.max(), finite.mean()) if finite.size else (np.nan,) * 3
    )
    return Seen(
        array.shape,
        array.dtype.name,
        array.copy() if array.size <= kept else None,
        float(low),
        float(high),
        float(mean),
        float(np.sqrt(np.square(finite).sum())),
        numbers.size - finite.size,
    )


def as_array(x: Any) -> np.ndarray:
    """Its numbers on the host."""
    if isinstance(x, SparseRows):
        x = x.dense()
    if isinstance(x, Tensor):
        return x.detach().numpy()
    x = x.data if isinstance(x, Value) else x
    return np.asarray(x.get() if hasattr(x, "get") else x)
