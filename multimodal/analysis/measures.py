"""Sizes and angles of gradients and of what an update moves, cheap enough for every step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...engine import Tensor
from ...engine.sparse import SparseRows
from ...kernels.advance import sum_of_squares
from ...kernels.kernel import kernel


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
