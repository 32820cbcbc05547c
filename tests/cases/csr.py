"""Products with a matrix of almost all zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusegrad.engine import CSR
from fusegrad.engine.ops.sparse_products import csr_linear, csr_matmul
from fusegrad.kernels import DTypeError, ShapeError
from tests.cases.operation import Operation

# Columns out of order and twice, an empty row first, between and last; and nothing at all.
BAGS = CSR([2.0, -0.5, 1.5, 3.0, 0.0, 1.0], [3, 0, 3, 1, 2, 0], [0, 0, 3, 3, 6, 6], (5, 4))
NO_WORDS = CSR([], [], [0, 0, 0], (2, 3))


def dense(x: CSR) -> np.ndarray:
    """The numbers of a matrix, entry by entry."""
    y = np.zeros(x.shape)
    for i in range(len(x)):
        for k in range(x.starts[i], x.starts[i + 1]):
            y[i, x.indices[k]] += x.data[k]
    return y


def product(w: Any, *rest: Any) -> Any:
    """x w; or x w^T + b, where there is a bias."""
    x = rest[-1]
    return csr_matmul(x, w) if len(rest) == 1 else csr_linear(x, w, rest[0])


def by_hand(w: Any, *rest: Any) -> Any:
    x = dense(rest[-1])
    return x @ w if len(rest) == 1 else x @ w.T + rest[0]


def by_torch(torch: Any, w: Any, *rest: Any) -> Any:
    x = torch.tensor(dense(rest[-1]), dtype=w.dtype)
    return x @ w if len(rest) == 1 else x @ w.T + rest[0]


T = (4, 2)
# Sparse gradients, layouts and loops: test_csr_products.py.
OPERATIONS: dict[str, Operation] = {
    "csr_matmul": Operation(
        product, by_hand, [(shapes, (x,)) for shapes, x in [
            (((2, 4), (2,)), BAGS), ((T,), BAGS), (((4,),), BAGS), (((4, 5),), BAGS),
            (((4, 0),), BAGS), (((3, 2),), NO_WORDS), ((T,), BAGS[:1]), ((T,), BAGS[3:3]),
        ]], torch=by_torch),
}  # fmt: skip
COLUMNS = "give w a row for each column of x"
REFUSED = [
    (lambda: csr_matmul(BAGS, np.zeros((3, 2))), ShapeError,
     f"csr_matmul: expected w (4, D), got shape (3, 2); {COLUMNS}"),
    (lambda: csr_matmul(BAGS, np.zeros((4, 2, 2))), ShapeError,
     f"csr_matmul: expected w (4, D), got shape (4, 2, 2); {COLUMNS}"),
    (lambda: csr_matmul(BAGS, 1.0), ShapeError,
     f"csr_matmul: expected w (4, D), got shape (); {COLUMNS}"),
    (lambda: CSR(['a'], [0], [0, 1], (1, 1)), DTypeError,
     "CSR: expected numbers as data, got <U1; give floats, integers or truth values"),
    (lambda: CSR([1j], [0], [0, 1], (1, 1)), DTypeError,
     "CSR: expected numbers as data, got complex128; give floats, integers or truth "
     "values"),
    (lambda: CSR([1.0], [0.0], [0, 1], (1, 1)), DTypeError,
     "CSR: expected whole numbers as indices, got float64; count from 0"),
    (lambda: CSR([1.0], [0], [0.0, 1.0], (1, 1)), DTypeError,
     "CSR: expected whole numbers as starts, got float64; count from 0"),
    (lambda: CSR([1.0], [0], [0, 1], (1, 1, 1)), ShapeError,
     "CSR: expected a shape (rows, columns), got (1, 1, 1); give both"),
    (lambda: CSR([], [], [0], (0, -1)), ShapeError,
     "CSR: expected a shape (rows, columns), got (0, -1); give both"),
    (lambda: CSR([1.0, 2.0], [0], [0, 1], (1, 1)), ShapeError,
     "CSR: expected data and indices (N,), got (2,) and (1,); give a column for each "
     "number"),
    (lambda: CSR([[1.0]], [[0]], [0, 1], (1, 1)), ShapeError,
     "CSR: expected data and indices (N,), got (1, 1) and (1, 1); give a column for each"
     " number"),
    (lambda: CSR([1.0], [0], [0, 1], (2, 1)), ShapeError,
     "CSR: expected 3 starts that rise from 0 to 1, got [0 1]; say where each row "
     "begins, and the last ends"),
    (lambda: CSR([1.0], [0], [1, 1], (1, 1)), ShapeError,
     "CSR: expected 2 starts that rise from 0 to 1, got [1 1]; say where each row "
     "begins, and the last ends"),
    (lambda: CSR([1.0, 1.0], [0, 0], [0, 1], (1, 1)), ShapeError,
     "CSR: expected 2 starts that rise from 0 to 2, got [0 1]; say where each row "
     "begins, and the last ends"),
    (lambda: CSR([1.0], [0], [0, 2], (1, 1)), ShapeError,
     "CSR: expected 2 starts that rise from 0 to 1, got [0 2]; say where each row "
     "begins, and the last ends"),
    (lambda: CSR([1.0, 1.0, 1.0], [0, 0, 0], [0, 2, 1, 3], (3, 1)), ShapeError,
     "CSR: expected 4 starts that rise from 0 to 3, got [0 2 1 3]; say where each row "
     "begins, and the last ends"),
    (lambda: CSR([], [], [], (0, 0)), ShapeError,
     "CSR: expected 1 starts that rise from 0 to 0, got []; say where each row begins, "
     "and the last ends"),
    (lambda: CSR([1.0], [-1], [0, 1], (1, 3)), ShapeError,
     "CSR: expected columns 0 to 2, got -1 to -1; give words that are unknown a column"),
    (lambda: CSR([1.0, 1.0], [0, 3], [0, 2], (1, 3)), ShapeError,
     "CSR: expected columns 0 to 2, got 0 to 3; give words that are unknown a column"),
    (lambda: BAGS[[5]], ShapeError,
     "CSR: expected rows among 5, got [5]: index 5 is out of bounds for axis 0 with size"
     " 5; count rows from 0"),
    (lambda: BAGS[1.5], ShapeError,
     "CSR: expected rows among 5, got 1.5: only integers, slices (`:`), ellipsis "
     "(`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid indices; "
     "count rows from 0"),
    (lambda: BAGS[[[0, 1]]], ShapeError,
     "CSR: expected a list of rows, got rows of shape (1, 2); columns cannot be picked"),
    (lambda: CSR.of([1.0, 2.0, 3.0]), ShapeError,
     "CSR.of: expected a matrix, got shape (3,); give it two axes"),
]  # fmt: skip
