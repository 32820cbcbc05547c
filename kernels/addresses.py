"""Where arrays lie in memory, for kernels that read many of them by address."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from ctypes import c_int64
from functools import cache, lru_cache
from itertools import chain
from typing import Any

import numpy as np

from .compiled import loops
from .device import is_cuda

CHUNK = 65_536  # elements of a row
LINE = 64  # bytes
IN_ROWS, WRITEABLE = 0x1, 0x400  # flags of an array
HALF = 0xFFFFFFFF
ARRAY = frozenset({np.ndarray})
HEAD = object.__basicsize__  # where `loops/headers.py` begins to read an array object


def table(tensors: Sequence[tuple[Any, ...]]) -> np.ndarray:
    """One int64 row for each chunk of each tensor: an address for each array, and a count.

    Shapes: (chunks, arrays + 1).
    """
    if not tensors:
        return np.zeros((0, 1), np.int64)
    rows = [[*map(address, arrays), arrays[0].size] for arrays in tensors]
    whole = np.array(rows, np.int64)
    return _in_chunks(whole.tobytes(), whole.shape[1], tensors[0][0].dtype.itemsize)


def address(array: Any) -> int:
    """That of its first element."""
    if is_cuda(array):
        return int(array.data.ptr)
    return int(array.__array_interface__["data"][0])


def plain_table(
    tensors: Sequence[tuple[Any, ...]], written: Sequence[int]
) -> np.ndarray | None:
    """The table of tensors that Numba's kernels can read by their addresses, and write to some
    arrays of; None where they cannot. What hundreds of arrays are takes NumPy longer to say
    than a kernel takes to renew a million elements, so they are looked at by compiled code.
    """
    dtype, width = tensors[0][0].dtype, len(tensors[0])
    arrays = [*chain.from_iterable(tensors)]
    if ARRAY.issuperset(map(type, arrays)) and _heads_are_known():
        rows = np.empty((len(tensors), width + 1), np.int64)
        heads = np.fromiter(map(id, arrays), np.int64) + HEAD
        needs = _needs(width, tuple(written))
        if loops("headers").read(heads.reshape(-1, width), needs, rows):
            return _in_chunks(rows.tobytes(), width + 1, dtype.itemsize)
    return table(tensors) if all([_is_plain(a, dtype, written) for a in tensors]) else None


@cache
def _needs(width: int, written: tuple[int, ...]) -> np.ndarray:
    """The flags that each array of a tensor must have."""
    return np.array([IN_ROWS | WRITEABLE * (k in written) for k in range(width)])


def _is_plain(arrays: tuple[Any, ...], dtype: Any, written: Sequence[int]) -> bool:
    shape = arrays[0].shape
    for a in arrays:
        if a.dtype != dtype or a.shape != shape or not a.flags.c_contiguous:
            return False
    return all([arrays[k].flags.writeable for k in written])


@cache
def _heads_are_known() -> bool:
    """Whether an array begins in this interpreter as it has done since NumPy's first release,
    on machines of 64 bits."""
    if sys.implementation.name != "cpython" or sys.maxsize < 1 << 32:
        return False
    sample = np.zeros((2, 3), np.float32)
    open_words = _words(sample)
    sample.setflags(write=False)
    at, axes, shape, _, _, dtype, flags = _words(sample)
    axes, flags, before = axes & HALF, flags & HALF, open_words[-1] & HALF
    return (
        (at, axes, dtype) == (address(sample), 2, id(sample.dtype))
        and tuple((c_int64 * 2).from_address(shape)) == (2, 3)
        and (flags & IN_ROWS, flags & WRITEABLE, before) == (IN_ROWS, 0, flags | WRITEABLE)
    )


def _words(array: np.ndarray) -> tuple[int, ...]:
    return tuple((c_int64 * 7).from_address(id(array) + HEAD))


@lru_cache(maxsize=32)  # most arrays lie where they lay at the last step
def _in_chunks(whole: bytes, columns: int, width: int) -> np.ndarray:
    """Rows of at most a chunk, none of nothing, for rows of whole tensors. Large arrays that
    all begin within a line of the cache have a short row first, so that the others begin with
    a line: what a processor loads at once then never stands in two."""
    rows = np.frombuffer(bytearray(whole), np.int64).reshape(-1, columns)
    at, sizes = rows[:, :-1] % LINE, rows[:, -1]
    is_large = (at == at[:, :1]).all(axis=1) & (sizes > CHUNK) & (at[:, 0] % width == 0)
    heads = np.where(is_large, -at[:, 0] % LINE // width, 0)
    counts = (heads > 0) - (heads - sizes) // CHUNK  # rounded up
    first = np.repeat(np.cumsum(counts) - counts + (heads > 0), counts)
    starts = np.repeat(heads, counts) + (np.arange(len(first)) - first) * CHUNK
    ends = np.minimum(starts + CHUNK, np.repeat(sizes, counts))
    starts = np.maximum(starts, 0)
    chunks = np.repeat(rows, counts, axis=0)
    chunks[:, :-1] += width * starts[:, None]
    chunks[:, -1] = ends - starts
    return chunks
