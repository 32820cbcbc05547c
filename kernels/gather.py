"""Kernels that pick elements by index, and their transposes, which add them back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from .device import is_cuda, module_of
from .kernel import kernel
from .locking import opened

CACHE = 1 << 18  # bytes of rows, folded at a time


@kernel
def getitem(x: Any, *, index: Any) -> Any:
    """x[index] for slices, integers, ellipsis, and integer or boolean arrays."""
    return x[_beside(x, index)]


@kernel
def take_rows(x: Any, *, index: Any, padding_idx: int | None, sparse: bool) -> Any:
    """x[index] for numbers of rows. `padding_idx`, the row that is constant, and `sparse` are
    what the transpose of this kernel needs to know."""
    return x[_beside(x, index)]


@kernel
def index_add(x: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with x added at index: the transpose of `getitem`. An index that occurs
    twice receives both."""
    xp = module_of(x)
    repeats = may_repeat(index)
    y = xp.zeros(shape, _wide(x) if repeats else x.dtype)
    if not repeats:
        y[_beside(x, index)] = x
    elif is_cuda(x):
        xp.add.at(y, _beside(x, index), x.astype(y.dtype, copy=False))
    else:  # in one dimension NumPy has a loop that is many times faster
        given = x.astype(y.dtype, copy=False)
        np.add.at(y.reshape(-1), places(index, shape).ravel(), given.ravel())
    return y.astype(x.dtype, copy=False)


@kernel
def add_to(y: Any, x: Any) -> Any:
    """y, with x added in its own memory. Shapes: alike."""
    y += x
    return y


@kernel
def add_at(y: Any, x: Any, *, index: Any) -> Any:
    """y, with x added in its own memory at index, which picks no element twice."""
    index = _beside(y, index)
    part = y[index]
    part += x
    if part.base is None:  # no view: masks copy, and NumPy unwraps single elements
        y[index] = part
    return y


@kernel
def index_set(x: Any, v: Any, *, index: Any) -> Any:
    """A copy of x with v at index, which picks no element twice."""
    y = module_of(x).array(x)
    y[_beside(x, index)] = v
    return y


def _wide(x: Any) -> Any:
    """What x adds up in: half precision in single, to round once at the end."""
    return "float32" if x.dtype == "float16" else x.dtype.type


def _beside(x: Any, index: Any) -> Any:
    """The index with its arrays on the device of x."""
    if not is_cuda(x):
        return index
    parts = index if isinstance(index, tuple) else (index,)
    moved = tuple(module_of(x).asarray(p) if isinstance(p, np.ndarray) else p for p in parts)
    return moved if isinstance(index, tuple) else moved[0]


@kernel
def segment_sum(x: Any, *, starts: np.ndarray) -> Any:
    """Sums of consecutive rows; segment k is rows starts[k] to starts[k + 1].

    Shapes: (N, ...), (K + 1,) integers on the host that rise from 0 to N -> (K, ...).
    """
    xp = module_of(x)
    y = xp.zeros((len(starts) - 1, *x.shape[1:]), _wide(x))
    full = np.flatnonzero(np.diff(starts))  # reduceat gives the next row, not 0, for the empty
    if is_cuda(x):  # CuPy has no reduceat
        owners = xp.asarray(np.repeat(np.arange(len(y)), np.diff(starts)))
        xp.add.at(y, owners, x.astype(y.dtype, copy=False))
    else:
        for some, rows, begins in _portions(x, np.append(starts[full], len(x))):
            y[full[some]] = np.add.reduceat(x[rows], begins, axis=0, dtype=y.dtype)
    return y.astype(x.dtype, copy=False)


@kernel
def segment_argmax(x: Any, *, starts: np.ndarray) -> np.ndarray:
    """Where in each column a segment is largest: its first nan, else the first of equals.

    Shapes: x (N, D), (K + 1,) integers that rise strictly from 0 to N -> (K, D) numbers of
    rows; all on the host, since CuPy has no reduceat.
    """
    x = x.get() if is_cuda(x) else x
    y = np.empty((len(starts) - 1, x.shape[1]), np.intp)
    for some, rows, begins in _portions(x, starts):
        part, lengths = x[rows], np.diff(starts[some.start : some.stop + 1])
        top = np.repeat(np.maximum.reduceat(part, begins, axis=0), lengths, axis=0)
        numbers = np.arange(rows.start, rows.stop)[:, None]
        places = np.where((part == top) | np.isnan(part), numbers, len(x))
        y[some] = np.minimum.reduceat(places, begins, axis=0)
    return y


def _portions(x: Any, starts: np.ndarray) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Some segments at a time: which, their rows, and where each begins among these. NumPy's
    reduceat takes column after column, and from memory anew what no cache has kept."""
    step = max(1, CACHE // max(1, x.itemsize * math.prod(x.shape[1:])))
    last = np.searchsorted(starts, np.arange(0, len(x), step))
    for a, b in pairwise(np.unique(np.append(last, len(starts) - 1)).tolist()):
        yield slice(a, b), slice(int(starts[a]), int(starts[b])), starts[a:b] - starts[a]


@kernel
def one_hot(labels: Any, *, like: Any) -> Any:
    """1 at each row's label, 0 elsewhere. Shapes: (N,), like (N, C) -> (N, C) of its dtype."""
    xp = module_of(like)
    classes = xp.arange(like.shape[-1]) == xp.asarray(labels)[:, None]
    return classes.astype(like.dtype)


def may_repeat(index: Any) -> bool:
    """Whether an index has an array of integers, the one thing that picks an element twice."""
    parts = index if isinstance(index, tuple) else (index,)
    simple = (int, slice, np.integer, np.bool_, type(None), type(Ellipsis))
    return not all(isinstance(p, simple) or _is_mask(p) for p in parts)


def _is_mask(part: Any) -> bool:
    return hasattr(part, "dtype") and part.dtype.kind == "b"


def _is_numbers(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind in "iu"


def places(index: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The number of each element that an index picks, counted through an array of that shape;
    all on the host. Layers along one axis, the common case, are counted by themselves."""
    *before, last = index if isinstance(index, tuple) and index else (index,)
    if all(isinstance(p, slice) and p == slice(None) for p in before) and _is_numbers(last):
        n, width = shape[len(before)], math.prod(shape[len(before) + 1 :])
        rows = last.astype(np.intp)[..., None]  # in int8, n would overflow
        line = (np.where(rows < 0, rows + n, rows) * width + np.arange(width)).ravel()
        heads = np.arange(math.prod(shape[: len(before)]))[:, None]
        return heads * (n * width) + line if before else line
    total = np.broadcast_to(np.intp(0), shape)[index]
    for axis, n in enumerate(shape):
        after = shape[axis + 1 :]
        line = np.arange(n) * math.prod(after)
        total = total + np.broadcast_to(line.reshape(n, *(1,) * len(after)), shape)[index]
    return np.asarray(total)


@kernel
def assign_rows(x: Any, value: Any, *, index: Any) -> Any:
    """x, with other values in the memory of its rows at index."""
    with opened([x]):
        x[_beside(x, index)] = value
    return x
