"""Sizes and angles of gradients and of what an update moves, cheap enough for every step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.sparse import SparseRows
from ...kernels.kernel import kernel

PIECE = 1 << 16  # elements that are worked on at once
SAFE = (1e-24, 1e30)  # squares of float32 within neither vanish nor overflow


@kernel
def sum_of_squares(x: Any) -> float:
    """The sum of all x**2; in the dtype of x where that is safe, else in float64."""
    return _squares(x.reshape(-1))


@kernel
def advance(memory: Any, x: Any) -> tuple[float, float]:
    """The sums of squares of what memory held, and of that less x; then it holds x. Nothing is
    allocated, and pieces stay in the cache: new memory and reading twice cost most."""
    old, new = memory.reshape(-1), x.reshape(-1)
    size = PIECE if isinstance(x, np.ndarray) else max(1, new.size)
    held = moved = 0.0
    for start in range(0, new.size, size):
        a, b = old[start : start + size], new[start : start + size]
        held += _squares(a)
        a -= b
        moved += _squares(a)
        a[...] = b
    return held, moved


def _squares(flat: Any) -> float:
    code = flat.dtype.char  # which is compared faster than a dtype
    if code in "fd":
        total = float(flat @ flat)
        if code == "d" or SAFE[0] < total < SAFE[1]:
            return total
    flat = flat.astype("float64")
    return float(flat @ flat)


@kernel
def remember(x: Any, memory: Any) -> Any:
    """A copy of x, rows first: in the memory of an earlier one where it fits, since new memory
    costs more than the copy."""
    fits = memory is not None and (memory.shape, memory.dtype) == (x.shape, x.dtype)
    if not fits or type(memory) is not type(x):
        return x.copy()
    memory[...] = x
    return memory


@kernel
def inner(x: Any, y: Any) -> float:
    """The sum of all x * y, in float64."""
    return float(x.reshape(-1).astype("float64") @ y.reshape(-1).astype("float64"))


def norm(arrays: Sequence[Any]) -> float:
    """The Euclidean norm of all elements of all arrays together."""
    return math.sqrt(math.fsum(sum_of_squares(x) for x in arrays))


def gradient_norm(parameters: Sequence[Tensor]) -> float:
    """The norm of the gradients of some parameters; one without a gradient counts as 0."""
    held = [p.grad for p in parameters if p.grad is not None]
    return norm([g.data for g in held])


def cosine(these: Sequence[Any], those: Sequence[Any]) -> float | None:
    """The cosine between two lists of arrays, each as one vector; None where one is 0. A None
    in a list stands for zeros."""
    both = [
        (x, y) for x, y in zip(these, those, strict=True) if x is not None and y is not None
    ]
    sizes = [norm([x for x in xs if x is not None]) for xs in (these, those)]
    if not all(sizes):
        return None
    return math.fsum(inner(x, y) for x, y in both) / sizes[0] / sizes[1]


def dense(g: Any) -> Any:
    """A gradient as one whole array, or None."""
    return None if g is None else (g.dense() if isinstance(g, SparseRows) else g).data


def shares(sizes: dict[str, float]) -> dict[str, float]:
    """Each size over the sum of all; equal shares where all are 0.

    >>> shares({"a": 1.0, "b": 3.0}), shares({"a": 0.0, "b": 0.0})
    ({'a': 0.25, 'b': 0.75}, {'a': 0.5, 'b': 0.5})
    """
    total = math.fsum(sizes.values())
    return {n: size / total if total else 1 / len(sizes) for n, size in sizes.items()}
