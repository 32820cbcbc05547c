"""Picking elements, and adding them back: each op here is the transpose of another."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...kernels import ShapeError, gather, shape
from ..op import LINEAR, structural
from ..tape import apply
from ..value import Value


def erased(g: Any, index: Any) -> Any:
    """g with 0 at an index that picks no element twice."""
    picked = apply(GETITEM, g.data if isinstance(g, Value) else g, index=index)
    return apply(INDEX_SET, g, shape.zeros_like(picked), index=index)


def _index_add(g: Any, index: Any, input_shape: tuple[int, ...]) -> Any:
    return apply(INDEX_ADD, g, index=index, shape=input_shape)


GETITEM = structural(
    "getitem",
    gather.getitem,
    ["x"],
    _index_add,
    jvp=LINEAR,
    expects="an index inside the shape",
    repair="see x.shape",
)
INDEX_ADD = structural(
    "index_add",
    gather.index_add,
    ["x"],
    lambda g, index: apply(GETITEM, g, index=index),
    jvp=LINEAR,
)
INDEX_SET = structural(  # of an index that picks no element twice
    "index_set",
    gather.index_set,
    ["x", "v"],
    lambda g, index: erased(g, index),
    lambda g, index: apply(GETITEM, g, index=index),
    jvp=LINEAR,
)
SEGMENT_SUM = structural(
    "segment_sum",
    gather.segment_sum,
    ["x"],
    lambda g, starts: apply(GETITEM, g, index=_owners(starts)),
    jvp=LINEAR,
    rigid=True,
)


def getitem(x: Any, index: Any) -> Any:
    """x[index] as NumPy reads it: slices, integers, ellipsis, None, integer or boolean arrays.

    Differs: an element picked twice receives both gradients.
    """
    return pick(x, plain_index(index))


def pick(x: Any, index: Any) -> Any:
    """x[index] for an index that nobody will change: numbers, slices, and arrays of our own."""
    return apply(GETITEM, x, index=index)


def plain_index(index: Any) -> Any:
    """An index of slices, numbers and arrays, for Tensors and lists among them."""
    parts = index if isinstance(index, tuple) else (index,)
    plain = tuple(_positions(p.data if isinstance(p, Value) else p) for p in parts)
    return plain if isinstance(index, tuple) else plain[0]


def _positions(index: Any) -> Any:
    """An index that the user cannot change later; an empty list picks nothing."""
    if isinstance(index, list):
        return np.array(index) if index else np.zeros(0, np.intp)
    if isinstance(index, slice):
        ends = (index.start, index.stop, index.step)
        return slice(*(None if e is None else operator.index(e) for e in ends))
    return shape.copy(index) if hasattr(index, "base") else index


def segment_sum(x: Any, starts: Any) -> Any:
    """Sums of consecutive rows: segment k is rows starts[k] to starts[k + 1], and may be empty.

    Shapes: (N, ...), (K + 1,) integers -> (K, ...).
    Raises: ShapeError where starts does not rise from 0 to N.
    """
    starts = np.array(starts)
    if (
        len(starts) == 0
        or starts[0] != 0
        or starts[-1] != len(x.data if isinstance(x, Value) else x)
        or np.any(np.diff(starts) < 0)
    ):
        raise ShapeError(
            "segment_sum",
            f"starts that rise from 0 to {x.shape[0]}",
            f"{starts}",
            "give K + 1 boundaries for K segments",
        )
    return apply(SEGMENT_SUM, x, starts=starts)


def segment_max(x: Any, starts: Any) -> Any:
    """The largest of each column over consecutive rows, 0 where a segment is empty. Of equal
    ones the first gets the gradient, as in PyTorch's EmbeddingBag.

    Shapes: (N, D), (K + 1,) integers as in `segment_sum` -> (K, D).
    """
    starts = np.array(starts)
    full = np.diff(starts) > 0
    shape = (len(full), x.shape[1])
    if not full.any():
        return segment_sum(x, starts)
    begins = np.append(starts[:-1][full], starts[-1])
    rows = gather.segment_argmax(x.data if isinstance(x, Value) else x, starts=begins)
    return apply(INDEX_ADD, pick(x, (rows, np.arange(shape[1]))), index=full, shape=shape)


def _owners(starts: Any) -> Any:
    """The segment each row belongs to."""
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))
