"""Data sets: anything with a length that gives a sample for a row number.

`TensorDataset` holds arrays side by side, `Subset` some rows of another set, and a class of
one's own needs `__len__` and `__getitem__` only. One that can be asked for many rows at once
says so with `takes_rows = True`: a loader then gets each batch by one indexing.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops.random import generator
from ..engine.ops.shaping import data_of
from ..kernels import DTypeError, OptionError, ShapeError
from ..kernels.device import device_of, is_cuda, to_device


def one_by_one(dataset: Any) -> Iterator[Any]:
    """The samples of a data set, in order."""
    return (dataset[row] for row in range(len(dataset)))


class TensorDataset:
    """Arrays side by side: item i is the tuple of their rows i, or, of named arrays, a dict.

    An array of rows, a slice or a mask gives a whole batch. Arrays are shared, not copied;
    lists of numbers and columns of tables become arrays, lists of strings stay lists.

    Raises: OptionError for none, or for both kinds; ShapeError for lengths that differ.
    Differs: PyTorch's has no names.

    >>> pairs = TensorDataset([[1.0], [2.0], [3.0]], [0, 1, 0])
    >>> pairs[np.array([0, 2])]
    (array([[1.],
           [3.]]), array([0, 0]))
    >>> TensorDataset(text=["red", "blue"], label=[4, 5])[1]
    {'text': 'blue', 'label': np.int64(5)}
    """

    takes_rows = True
    __iter__ = one_by_one

    def __init__(self, *arrays: Any, **named: Any) -> None:
        if bool(arrays) == bool(named):
            got = "both" if named else "none"
            repair = "give (inputs, targets) or image=..., label=..."
            raise OptionError("TensorDataset", "arrays, with names or without", got, repair)
        self.arrays: tuple[Any, ...] | dict[str, Any]
        if named:
            self.arrays = {name: _column(name, x) for name, x in named.items()}
        else:
            self.arrays = tuple(_column(f"array {i}", x) for i, x in enumerate(arrays))
        if len(set(self.lengths.values())) > 1:
            got = ", ".join(f"{n} rows in {name}" for name, n in self.lengths.items())
            raise ShapeError("TensorDataset", "arrays of one length", got, "see how they align")

    @property
    def lengths(self) -> dict[str, int]:
        """The rows of each array, by its name."""
        if isinstance(self.arrays, dict):
            return {name: len(x) for name, x in self.arrays.items()}
        return {f"array {i}": len(x) for i, x in enumerate(self.arrays)}

    def __len__(self) -> int:
        return next(iter(self.lengths.values()))

    def __getitem__(self, index: Any) -> Any:
        rows = row_numbers("TensorDataset", index, len(self))
        if isinstance(self.arrays, dict):
            return {name: _rows_of(x, rows) for name, x in self.arrays.items()}
        return tuple(_rows_of(x, rows) for x in self.arrays)

    def __repr__(self) -> str:
        names = ", ".join(self.arrays) if isinstance(self.arrays, dict) else len(self.arrays)
        return f"TensorDataset({len(self)} rows of {names})"


class Subset:
    """Some rows of a data set, in the order given; item i is `dataset[indices[i]]`.

    >>> Subset(np.array([10.0, 11.0, 12.0]), [2, 0])[0]
    np.float64(12.0)
    """

    __iter__ = one_by_one

    def __init__(self, dataset: Any, indices: Any) -> None:
        check_dataset("Subset", dataset)
        rows = row_numbers("Subset", indices, len(dataset))
        if not isinstance(rows, np.ndarray):
            got, repair = f"indices={indices!r}", f"give [{rows}]"
            raise ShapeError("Subset", "indices, a list of row numbers", got, repair)
        self.dataset, self.indices = dataset, rows

    @property
    def takes_rows(self) -> bool:
        return takes_rows(self.dataset)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        rows = self.indices[row_numbers("Subset", index, len(self))]
        if isinstance(rows, np.ndarray) and not self.takes_rows:
            expected, got = "a row number", f"an array of {len(rows)}"
            repair = "this data set gives one row at a time: use a DataLoader"
            raise DTypeError("Subset", expected, got, repair)
        return self.dataset[rows if isinstance(rows, np.ndarray) else int(rows)]

    def __repr__(self) -> str:
        return f"Subset({len(self)} rows of {self.dataset!r})"


def random_split(
    dataset: Any, lengths: Sequence[float], rng: np.random.Generator
) -> list[Subset]:
    """Disjoint subsets that hold every row once, in an order drawn at random.

    Lengths add up to that of the set; or they are fractions that add up to 1: each part then
    has floor(fraction n) rows, and what is left goes one by one to the first parts, as in
    PyTorch. Raises: OptionError for lengths that do neither.

    >>> parts = random_split(range(10), [0.5, 0.25, 0.25], np.random.default_rng(0))
    >>> [len(part) for part in parts], sorted(row for part in parts for row in part)
    ([6, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    check_dataset("random_split", dataset)
    sizes = _sizes(lengths, len(dataset))
    order = generator(rng).permutation(len(dataset))
    ends = np.cumsum(sizes)
    return [Subset(dataset, order[end - n : end]) for n, end in zip(sizes, ends)]


def _sizes(lengths: Any, n: int) -> list[int]:
    """Lengths or fractions as lengths."""
    given = list(lengths) if isinstance(lengths, Iterable) else [lengths]
    if all(isinstance(x, Real) and float(x) >= 0 for x in given):
        if sum(given) == n and all(x == int(x) for x in given):
            return [int(x) for x in given]
        fractions = math.isclose(sum(given), 1)
    else:
        fractions = False
    if not fractions:
        expected = f"lengths that add up to {n}, or fractions that add up to 1"
        raise OptionError("random_split", expected, repr(lengths), "count the rows again")
    sizes = [math.floor(x * n) for x in given]
    for i in range(n - sum(sizes)):
        sizes[i % len(sizes)] += 1
    return sizes


def takes_rows(dataset: Any) -> bool:
    """Whether a data set can be asked for many rows at once: arrays can, and those that say
    so; not a class that has put its own `__getitem__` in the place of one that could."""
    if isinstance(dataset, (np.ndarray, Tensor)):
        return True
    kinds = type(dataset).__mro__
    nearest = next((k for k in kinds if {"takes_rows", "__getitem__"} & vars(k).keys()), object)
    said = "takes_rows" in vars(nearest) or "takes_rows" in getattr(dataset, "__dict__", {})
    return said and bool(getattr(dataset, "takes_rows", False))


def check_dataset(where: str, dataset: Any) -> None:
    """Refuse what has no rows. Raises: DTypeError."""
    has_rows = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
    is_number = getattr(dataset, "shape", (0,)) == ()
    is_table = hasattr(dataset, "iloc")  # of pandas: what [i] gives there, is no row
    if not has_rows or is_number or is_table or isinstance(dataset, (str, Mapping)):
        expected = "a data set, with __len__ and __getitem__"
        got = "a single number" if is_number else type(dataset).__name__
        raise DTypeError(where, expected, got, "wrap arrays in a TensorDataset")


def row_numbers(where: str, index: Any, n: int) -> Any:
    """A row number in [0, n), or an array of them for a slice, a mask or several.

    Raises: OptionError for a row that is not there, DTypeError for what is no row number.
    """
    if isinstance(index, slice):
        return np.arange(n)[index]
    try:
        rows = to_device(data_of(index), "cpu")
    except ValueError:  # lists of several lengths
        rows = np.array(None)
    if rows.dtype == bool and rows.shape == (n,):
        return np.flatnonzero(rows)
    if rows.shape == (0,):
        return np.zeros(0, np.int64)
    if rows.dtype.kind not in "iu" or rows.ndim > 1:
        got = f"{rows.dtype} of shape {rows.shape}"
        raise DTypeError(where, "row numbers, or one", got, "index with integers")
    if not (-n <= rows.min() and rows.max() < n):
        got = str(rows) if rows.ndim == 0 else f"{rows.min()} to {rows.max()}"
        raise OptionError(where, f"rows in [{-n}, {n})", got, "see len(dataset)")
    rows = np.where(rows < 0, rows + n, rows)
    return rows if rows.ndim else operator.index(rows.item())


def _column(name: str, values: Any) -> Any:
    """An array with rows, or a list of strings."""
    where = f"TensorDataset: {name}"
    if isinstance(values, (list, tuple)):
        if values and all(isinstance(v, str) for v in values):
            return list(values)
        try:
            values = np.asarray(values)
        except ValueError as error:
            repair = "pad them, or write a data set of your own"
            raise ShapeError(where, "rows of one shape", "others", repair) from error
    known = isinstance(values, (np.ndarray, Tensor)) or is_cuda(values)
    if not known and hasattr(values, "__array__"):  # a table's [i] goes by its labels
        values = np.asarray(values)
    if not getattr(values, "shape", ()):
        repair = "give one row for each sample"
        kind = type(values).__name__
        got = kind if isinstance(values, dict) else repr(values)
        repair = "pass its items as keywords: **arrays" if isinstance(values, dict) else repair
        raise ShapeError(where, "an array with rows", got, repair)
    return values


def _rows_of(array: Any, rows: Any) -> Any:
    if isinstance(array, list):
        return [array[i] for i in rows] if isinstance(rows, np.ndarray) else array[rows]
    if isinstance(rows, np.ndarray):  # indices must lie where the array does
        rows = to_device(rows, device_of(data_of(array)))
    return array[rows]
