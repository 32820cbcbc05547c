"""A constant matrix that is almost all zeros, as bags of words are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any, Self

import numpy as np

from ..kernels import DTypeError, ShapeError
from ..kernels.locking import lock
from .value import wrap


class CSR:
    """A matrix held row by row: data[k] in column indices[k], where entries starts[i] to
    starts[i + 1] are those of row i. Entries of a row stand in any order, and those of one
    column add up. It is a constant: `csr_matmul` has no derivative for it.

    Shapes: data and indices (N,), starts (rows + 1,), shape (rows, columns).
    Raises: DTypeError, ShapeError for others.
    Differs: SciPy says indptr for starts; its matrices are taken as they are by `CSR.of`.

    >>> bags = CSR.of_words([[0, 2, 2], [], [1]], words=4)
    >>> bags
    CSR(3 x 4, 4 entries, float32)
    >>> bags[1:].dense()
    Tensor([[0., 0., 0., 0.], [0., 1., 0., 0.]], dtype=float32)
    """

    data: np.ndarray
    indices: np.ndarray
    starts: np.ndarray
    shape: tuple[int, int]

    def __init__(self, data: Any, indices: Any, starts: Any, shape: tuple[int, int]) -> None:
        values, columns = np.array(data), whole("indices", indices)
        begins = whole("starts", starts)
        if values.dtype.kind not in "fiub":
            got, repair = str(values.dtype), "give floats, integers or truth values"
            raise DTypeError("CSR", "numbers as data", got, repair)
        _check(values, columns, begins, shape)
        self._set(values, columns, begins, (int(shape[0]), int(shape[1])))

    def _set(self, data: Any, indices: Any, starts: Any, shape: tuple[int, int]) -> None:
        self.data, self.indices, self.starts, self.shape = data, indices, starts, shape
        for array in (data, indices, starts):
            lock(array)
        self._as: dict[Any, np.ndarray] = {data.dtype: data}

    @classmethod
    def _made(cls, data: Any, indices: Any, starts: Any, shape: tuple[int, int]) -> Self:
        """A matrix of arrays that are known to fit."""
        self = cls.__new__(cls)
        self._set(data, indices, starts, shape)
        return self

    # ---- from what others hold ------------------------------------------------------------
    @classmethod
    def of(cls, x: Any) -> CSR:
        """Any sparse matrix of SciPy, or a dense matrix, as a CSR; a CSR as it is.

        Raises: ShapeError for what is no matrix, DTypeError for one that is not of numbers.
        """
        if isinstance(x, CSR):
            return x
        if hasattr(x, "tocsr"):
            x = x.tocsr()
            return cls(x.data, x.indices, x.indptr, x.shape)
        x = np.asarray(x)
        if x.ndim != 2:
            repair = "give it two axes"
            raise ShapeError("CSR.of", "a matrix", f"shape {x.shape}", repair)
        rows, columns = np.nonzero(x)
        starts = np.searchsorted(rows, np.arange(len(x) + 1))
        return cls(x[rows, columns], columns, starts, x.shape)

    @classmethod
    def of_words(
        cls, bags: Iterable[Iterable[int]], words: int, dtype: Any = np.float32
    ) -> CSR:
        """How often each of so many words is in each bag, given the numbers of its words."""
        lists = [list(bag) for bag in bags]
        starts = np.cumsum([0, *map(len, lists)])
        numbers = list(chain.from_iterable(lists))
        return cls(np.ones(len(numbers), dtype), numbers, starts, (len(lists), words))

    # ---- what it is -----------------------------------------------------------------------
    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def size(self) -> int:
        """Entries, zeros that were given among them."""
        return int(self.data.size)

    @cached_property
    def owners(self) -> np.ndarray:
        """The row of each entry. Shapes: (N,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def data_in(self, dtype: Any) -> np.ndarray:
        """The data in another dtype, which is kept."""
        if dtype not in self._as:
            self._as[dtype] = self.data.astype(dtype)
            lock(self._as[dtype])
        return self._as[dtype]

    def dense(self) -> Any:
        """The same matrix with all its zeros, a Tensor."""
        y = np.zeros(self.shape, self.dtype)
        np.add.at(y, (self.owners, self.indices), self.data)
        return wrap(y, None)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[CSR]:
        return (self[i : i + 1] for i in range(len(self)))

    def __getitem__(self, rows: Any) -> CSR:
        """Some rows: a slice of them, or their numbers, or a truth value for each. One row is a
        matrix of one.

        Raises: ShapeError for rows that there are not.
        """
        if isinstance(rows, slice) and rows.step in (None, 1):
            first, last, _ = rows.indices(len(self))
            starts = self.starts[first : max(first, last) + 1]
            part = slice(starts[0], starts[-1])
            shape = (len(starts) - 1, self.shape[1])
            return self._made(self.data[part], self.indices[part], starts - starts[0], shape)
        try:
            chosen = np.atleast_1d(np.arange(len(self))[rows])
        except IndexError as error:
            got, repair = f"{rows!r}: {error}", "count rows from 0"
            raise ShapeError("CSR", f"rows among {len(self)}", got, repair) from None
        if chosen.ndim != 1:
            got, repair = f"rows of shape {chosen.shape}", "columns cannot be picked"
            raise ShapeError("CSR", "a list of rows", got, repair)
        return self._rows(chosen)

    def _rows(self, chosen: np.ndarray) -> CSR:
        begins, counts = self.starts[chosen], np.diff(self.starts)[chosen]
        starts = np.append(0, np.cumsum(counts))
        spots = np.arange(starts[-1]) + np.repeat(begins - starts[:-1], counts)
        shape = (len(chosen), self.shape[1])
        return self._made(self.data[spots], self.indices[spots], starts, shape)

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"CSR({rows} x {columns}, {self.size} entries, {self.dtype})"


def whole(name: str, given: Any) -> np.ndarray:
    """Whole numbers in memory of our own. Raises: DTypeError for others."""
    x = np.array(given)
    x = x if x.size else x.astype(np.intp)
    if x.dtype.kind not in "iu":
        raise DTypeError("CSR", f"whole numbers as {name}", str(x.dtype), "count from 0")
    return x.astype(np.intp, copy=False)


def _check(
    data: np.ndarray, indices: np.ndarray, starts: np.ndarray, shape: tuple[int, ...]
) -> None:
    if len(shape) != 2 or min(shape) < 0:
        raise ShapeError("CSR", "a shape (rows, columns)", str(tuple(shape)), "give both")
    if data.ndim != 1 or data.shape != indices.shape:
        got, repair = f"{data.shape} and {indices.shape}", "give a column for each number"
        raise ShapeError("CSR", "data and indices (N,)", got, repair)
    ends = starts.shape == (shape[0] + 1,) and starts[0] == 0 and starts[-1] == data.size
    if not ends or np.any(np.diff(starts) < 0):
        expected = f"{shape[0] + 1} starts that rise from 0 to {data.size}"
        got = np.array2string(starts, threshold=6).replace("\n", "")
        raise ShapeError("CSR", expected, got, "say where each row begins, and the last ends")
    if indices.size and not 0 <= indices.min() <= indices.max() < shape[1]:
        got, expected = f"{indices.min()} to {indices.max()}", f"columns 0 to {shape[1] - 1}"
        raise ShapeError("CSR", expected, got, "give words that are unknown a column")
