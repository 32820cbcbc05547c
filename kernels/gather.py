"""Kernels that pick elements by index, and their transposes, which add them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .device import is_cuda, module_of
from .kernel import kernel


@kernel
def getitem(x: Any, *, index: Any) -> Any:
    """x[index] for slices, integers, ellipsis, and integer or boolean arrays."""
    return x[index]


@kernel
def index_add(x: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with x added at index: the transpose of `getitem`. An index that occurs
    twice receives both."""
    xp = module_of(x)
    y = xp.zeros(shape, x.dtype)
    if is_basic(index):
        y[index] += x
    elif _is_rows(index) and not is_cuda(x):
        _add_rows(y, index, x)
    else:
        xp.add.at(y, index, x)
    return y


@kernel
def segment_sum(x: Any, *, starts: Any) -> Any:
    """Sums of consecutive rows; segment k is rows starts[k] to starts[k+1].

    Shapes: (N, ...), (K + 1,) integers that rise from 0 to N -> (K, ...).
    """
    xp = module_of(x)
    y = xp.zeros((len(starts) - 1, *x.shape[1:]), x.dtype)
    full = xp.flatnonzero(starts[1:] > starts[:-1])
    if len(full):  # reduceat would give the next row, not 0, for an empty segment
        y[full] = _reduce_segments(x, starts[:-1][full])
    return y


def _reduce_segments(x: Any, begins: Any) -> Any:
    """Sums of x between consecutive begins, the last to the end."""
    if not is_cuda(x):
        return np.add.reduceat(x, begins, axis=0)
    xp = module_of(x)  # CuPy has no reduceat
    y = xp.zeros((len(begins), *x.shape[1:]), x.dtype)
    owner = xp.searchsorted(begins, xp.arange(len(x)), side="right") - 1
    xp.add.at(y, owner, x)
    return y


def is_basic(index: Any) -> bool:
    """Whether an index is of slices, integers, None and ellipsis only: nothing repeats."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        p is None
        or p is Ellipsis
        or (isinstance(p, (int, slice, np.integer)) and not isinstance(p, bool))
        for p in parts
    )


def _is_rows(index: Any) -> bool:
    return isinstance(index, np.ndarray) and index.ndim == 1 and index.dtype.kind in "iu"


def _add_rows(y: Any, rows: Any, x: Any) -> None:
    """`add.at` for whole rows by sorting them: a tenth of the time, and the same order of sums
    whatever the machine."""
    rows = np.where(rows < 0, rows + len(y), rows)
    order = np.argsort(rows, kind="stable")
    begins = np.flatnonzero(np.diff(rows[order], prepend=-1))
    if len(begins):
        y[rows[order][begins]] = np.add.reduceat(x[order], begins, axis=0)
