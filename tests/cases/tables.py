"""Rows looked up in a table."""

from __future__ import annotations

import numpy as np

from fusegrad.engine import Tensor
from fusegrad.engine.ops.tables import take_rows
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.cases.operation import Operation

T, X = (4, 2), np.zeros((3, 2))
# Sparse gradients: test_sparse_gradients.py. A row of padding that is looked up is a constant,
# which its value is not: test_embedding.py.
OPERATIONS: dict[str, Operation] = {
    "take_rows": Operation(
        take_rows, lambda x, i, p=None: x[np.array(i, int)], [((s,), p) for s, p in [
            (T, ([1, 3, 1], None)), (T, (2, None)), (T, ([[0], [1]], 3)),
            (T, (np.array([2, 2, 0], np.int8), -1)), ((2, 1, 2), ([1, 1], 0)), (T, ([], None)),
            ((0, 2), ([], None)), ((3,), ([2, 0], None)),
        ]], torch=lambda torch, x, i, p=None: x[torch.tensor(i, dtype=torch.long)]),
}  # fmt: skip
WORDS = "map unknown words to a row of their own"
REFUSED = [
    (lambda: take_rows(1.0, [0]), ShapeError,
     "take_rows: expected a table (N, ...), got a number; reshape it"),
    (lambda: take_rows(X, [0.0]), DTypeError,
     "take_rows: expected integer indices, got float64; convert them with astype(int)"),
    (lambda: take_rows(X, [2, -1]), OptionError,
     f"take_rows: expected indices in [0, 3), got -1; {WORDS}"),
    (lambda: take_rows(Tensor(X), np.array([[2, 7, 254, 3]], np.uint8)), OptionError,
     f"take_rows: expected indices in [0, 3), got 254; {WORDS}"),
    (lambda: take_rows(X, [0], -4), OptionError,
     "take_rows: expected padding_idx in [-3, 3), got padding_idx=-4; count the rows"),
    (lambda: take_rows(X, [0], 1.0), DTypeError,
     "take_rows: expected a whole number or None, got padding_idx=1.0; give the number of a "
     "row, or None"),
]  # fmt: skip
