"""A gradient that is zero but for some rows, as a table of embeddings receives it.

It is the end of a way back, never a step on it: ops know nothing of it, and only the leaf that
rows were looked up in may hold it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..kernels import DTypeError, ShapeError
from ..kernels.gather import index_add
from ..kernels.shape import concat, copy
from .ops.elementwise import add
from .ops.shaping import as_array, data_of
from .value import Value, wrap


class SparseRows:
    """`values[k]` is the gradient of row `indices[k]`; all other rows have none. A row that
    occurs several times receives the sum.

    Shapes: indices (K,), values (K, *shape[1:]). Raises: DTypeError, ShapeError for others.

    >>> g = SparseRows([2, 0, 2], [[1.0], [2.0], [3.0]], (4, 1))
    >>> g.indices, g.dense()
    (array([0, 2]), Tensor([[2.], [0.], [4.], [0.]]))
    """

    def __init__(self, indices: Any, values: Any, shape: tuple[int, ...]) -> None:
        given, rows = np.array(indices), copy(as_array(data_of(values)))
        given = given if given.size else given.astype(np.intp)
        self.shape = tuple(np.atleast_1d(shape).tolist())
        if not self.shape:
            raise ShapeError("SparseRows", "a shape with rows", "()", "a number has no rows")
        if given.dtype.kind not in "iu":
            repair = "count rows from 0"
            raise DTypeError("SparseRows", "whole numbers as indices", str(given.dtype), repair)
        if given.ndim != 1 or rows.shape != (len(given), *self.shape[1:]):
            expected = f"indices (K,) and values (K, {', '.join(map(str, self.shape[1:]))})"
            got = f"{given.shape} and {rows.shape}"
            raise ShapeError("SparseRows", expected, got, "give one row for each index")
        if given.size and not 0 <= given.min() <= given.max() < self.shape[0]:
            got = f"{given.min()} to {given.max()}"
            expected = f"rows 0 to {self.shape[0] - 1}"
            raise ShapeError("SparseRows", expected, got, "take indices of this table")
        self._given, self._rows = given, rows

    @cached_property
    def _summed(self) -> tuple[np.ndarray, Any]:
        rows, places = np.unique(self._given, return_inverse=True)
        shape = (len(rows), *self.shape[1:])
        return rows, index_add(self._rows, index=places, shape=shape)

    @property
    def indices(self) -> np.ndarray:
        """The rows that have a gradient, each once, rising. Shapes: (k,)."""
        return self._summed[0]

    @property
    def data(self) -> Any:
        """The gradients of these rows. Shapes: (k, *shape[1:])."""
        return self._summed[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._rows.dtype

    def dense(self) -> Any:
        """The same gradient with all its zeros, a Tensor."""
        return wrap(index_add(self.data, index=self.indices, shape=self.shape), None)

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseRows:
        return SparseRows(self._given, self._rows, self.shape)

    def __repr__(self) -> str:
        return f"SparseRows({len(self.indices)} of {self.shape[0]} rows, shape={self.shape})"


def total(a: Any, b: Any) -> Any:
    """The sum of two gradients: of some rows where both are, else of all. It has the bits of
    the dense sum: each is summed by itself first."""
    if isinstance(a, SparseRows) and isinstance(b, SparseRows):
        rows = np.concatenate([a.indices, b.indices])
        return SparseRows(rows, concat(a.data, b.data, axis=0), a.shape)
    return add(_all_rows(a, b), _all_rows(b, a))


def _all_rows(g: Any, other: Any) -> Any:
    """A gradient in the form of another one, an array or a Tensor, that is dense."""
    if not isinstance(g, SparseRows):
        return g
    return g.dense() if isinstance(other, Value) else g.dense().data
