"""Products of a constant sparse matrix and a dense one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels import ShapeError
from ...kernels import sparse as kernels
from ..csr import CSR
from ..op import structural
from ..sparse import SparseRows
from ..tape import apply
from .broadcast import sum_
from .shaping import as_array, reshape


def _back(g: Any, matrix: CSR, turned: bool, across: bool, sparse: bool) -> Any:
    """X^T g; of the rows alone that X has entries for, where these may be given."""
    if not sparse:
        return _product(matrix, g, not turned, across)
    rows, narrow = _seen(matrix)
    return SparseRows(rows, _product(narrow, g, True), (matrix.shape[1], *g.shape[1:]))


CSR_MATMUL = structural(
    "csr_matmul",
    kernels.csr_matmul,
    ["w", "bias"],  # the last may be missing
    _back,
    lambda g: sum_(g, 0),
    jvp=[
        lambda t, matrix, turned, across: _product(matrix, t, turned, across),
        lambda t: t,
    ],
    rigid=True,
)


def _product(
    matrix: CSR,
    w: Any,
    turned: bool = False,
    across: bool = False,
    sparse: bool = False,
    bias: Any = None,
) -> Any:
    given = (w,) if bias is None else (w, bias)
    how = {"turned": turned, "across": across, "sparse": sparse}
    return apply(CSR_MATMUL, *given, matrix=matrix, **how)


def _seen(matrix: CSR) -> tuple[np.ndarray, CSR]:
    """The columns that have entries, and the matrix of these alone."""
    seen = np.zeros(matrix.shape[1], bool)
    seen[matrix.indices] = True
    columns, number = np.flatnonzero(seen), np.cumsum(seen) - 1
    shape = (len(matrix), len(columns))
    return columns, CSR._made(matrix.data, number[matrix.indices], matrix.starts, shape)


def csr_matmul(x: Any, w: Any, sparse: bool = False) -> Any:
    """x w, where x is a `CSR` or a sparse matrix of SciPy: a constant, taken in the dtype of w.
    With `sparse`, `Tensor.backward` leaves `SparseRows` in the `grad` of w, if that is a leaf
    without hooks: the rows that x has entries for. Any other derivative is dense.

    Shapes: x (B, F), w (F, D) or (F,) -> (B, D) or (B,). Raises: ShapeError where F differs.

    >>> csr_matmul(CSR.of_words([[0, 2, 2], [1]], words=3), np.array([1.0, 10.0, 100.0]))
    array([201.,  10.])
    """
    x, w = CSR.of(x), as_array(w)
    if len(w.shape) not in (1, 2) or w.shape[0] != x.shape[1]:
        rule, got = f"w ({x.shape[1]}, D)", f"shape {w.shape}"
        raise ShapeError("csr_matmul", rule, got, "give w a row for each column of x")
    if len(w.shape) == 1:
        return reshape(_product(x, reshape(w, (-1, 1))), (-1,))
    return _product(x, w, sparse=bool(sparse))


def csr_linear(x: CSR, weight: Any, bias: Any = None) -> Any:
    """x W^T + b, for shapes that are known to fit. Shapes: x (B, I), W (O, I), b (O,)."""
    return _product(x, weight, across=True, bias=bias)
