"""How large arrays lie in memory, and whether one flat loop can run over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import pool

NUMBERS = frozenset({bool, int, float})
FLOATS = frozenset({np.dtype(np.float32), np.dtype(np.float64)})
BOOL = np.dtype(bool)


def is_on_host(x: Any) -> bool:
    """Whether x is an array of NumPy's, or a number."""
    return x.__class__ is np.ndarray or x.__class__ in NUMBERS or isinstance(x, np.generic)


def are_alike(arrays: Sequence[Any]) -> bool:
    """Whether all are arrays of one dtype and shape in C's order: the common case."""
    first = arrays[0]
    if first.__class__ is not np.ndarray:
        return False
    shape, dtype = first.shape, first.dtype
    for a in arrays:
        if a.__class__ is not np.ndarray or a.shape != shape or a.dtype is not dtype:
            return False
        if not a.flags.c_contiguous:
            return False
    return True


def model(arrays: Sequence[Any]) -> np.ndarray | None:
    """The array whose shape and order of axes all the others share, but for single numbers;
    None where there is none such, or it has gaps.

    >>> x = np.zeros((3, 2)).T
    >>> model((x, 2.0, np.ones_like(x))) is x
    True
    >>> model((x, np.zeros((2, 3)))), model((x[:, ::2], 1.0))
    (None, None)
    """
    large = [a for a in arrays if not is_one(a)]
    if not large or not is_dense(first := large[0]):
        return None
    same = all(_lies_as(a, first) for a in large[1:])
    return first if same and all(map(_fits(first), arrays)) else None


def is_one(x: Any) -> bool:
    """Whether x holds a single number, though it may be spread over many places."""
    return x.__class__ in NUMBERS or x.size == 1 or not any(x.strides)


def _fits(large: np.ndarray) -> Any:
    """Whether an array broadcasts to the shape of a large one."""
    return lambda x: (
        x.__class__ in NUMBERS
        or x.shape == large.shape
        or (x.size == 1 and x.ndim <= large.ndim)
    )


def is_dense(x: np.ndarray) -> bool:
    """Whether the elements stand side by side, whatever the order of the axes."""
    if x.flags.forc:
        return True
    step = x.itemsize
    for stride, n in sorted(zip(x.strides, x.shape, strict=True)):
        if n != 1:
            if stride != step:
                return False
            step *= n
    return True


def _lies_as(x: np.ndarray, other: np.ndarray) -> bool:
    if x.shape != other.shape:
        return False
    if x.flags.c_contiguous and other.flags.c_contiguous:
        return True
    width, its = x.itemsize, other.itemsize
    return all(s * its == t * width for s, t in zip(x.strides, other.strides, strict=True))


def float_of(arrays: Sequence[Any]) -> np.dtype | None:
    """float32 or float64, where that is what all arrays are which hold no truth values."""
    found = {a.dtype for a in arrays if a.__class__ not in NUMBERS}
    found.discard(BOOL)
    return found.pop() if len(found) == 1 and found <= FLOATS else None


def like(x: np.ndarray, dtype: Any) -> np.ndarray:
    """An array of any values that lies as a dense one does, on memory of the pool."""
    dtype = np.dtype(dtype)
    if x.flags.c_contiguous:
        return pool.empty(x.shape, dtype)
    strides = tuple(s // x.itemsize * dtype.itemsize for s in x.strides)
    return pool.empty(x.shape, dtype, strides)


def order(x: np.ndarray) -> list[int]:
    """The axes, the one of the longest strides first."""
    return sorted(range(x.ndim), key=lambda k: -x.strides[k])


def flat(x: np.ndarray, axes: Sequence[int] | None) -> np.ndarray:
    """All elements one after the other, or the single number that x holds; a view of what is
    dense in this order of axes."""
    if x.size and x.ndim and not any(x.strides):
        one: np.ndarray = x[(0,) * (x.ndim - 1)][:1]
        return one
    return (x if axes is None or x.ndim < len(axes) else x.transpose(axes)).reshape(-1)
