"""Triangles and diagonals of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels import ShapeError, create
from ..tape import apply
from .elementwise import where
from .indexing import INDEX_ADD, pick
from .rearrange import moveaxis, one_axis
from .shaping import as_array, data_of


def tril(x: Any, k: int = 0) -> Any:
    """x with zeros above the k-th diagonal, whatever stood there, nan too.

    Shapes: (..., M, N) -> (..., M, N).
    """
    x = _matrices("tril", x)
    return where(create.lower_triangle(data_of(x), k=k), x, x.dtype.type(0))


def triu(x: Any, k: int = 0) -> Any:
    """x with zeros below the k-th diagonal, whatever stood there, nan too.

    Shapes: (..., M, N) -> (..., M, N).
    """
    x = _matrices("triu", x)
    return where(create.lower_triangle(data_of(x), k=k - 1), x.dtype.type(0), x)


def _matrices(where: str, x: Any) -> Any:
    x = as_array(x)
    if len(x.shape) < 2:
        raise ShapeError(where, "two axes or more", f"shape {x.shape}", "reshape it")
    return x


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements on a diagonal of two axes, `offset` above the main one, as the last axis.

    Raises: ShapeError where the axes are not two.
    """
    x = as_array(x)
    axes = [one_axis("diagonal", x, a) for a in (axis1, axis2)]
    if axes[0] == axes[1]:
        rule, got = "two axes", f"axis1={axis1}, axis2={axis2}"
        raise ShapeError("diagonal", rule, got, f"x has shape {x.shape}")
    x = moveaxis(x, axes, (-2, -1))
    rows, columns = _places(x.shape[-2], x.shape[-1], offset)
    return pick(x, (..., rows, columns))


def diag(x: Any, k: int = 0) -> Any:
    """A vector as the k-th diagonal of a matrix of zeros, or that diagonal of a matrix.

    Raises: ShapeError where x is neither.
    """
    x = as_array(x)
    if len(x.shape) == 2:
        return diagonal(x, k)
    if len(x.shape) != 1:
        repair = "use diagonal for more axes"
        raise ShapeError("diag", "a vector or a matrix", f"shape {x.shape}", repair)
    n = x.shape[0] + abs(k)
    return apply(INDEX_ADD, x, index=_places(n, n, k), shape=(n, n))


def _places(rows: int, columns: int, offset: int) -> tuple[Any, Any]:
    """Row and column of each element of a diagonal."""
    steps = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    return steps - min(offset, 0), steps + max(offset, 0)
