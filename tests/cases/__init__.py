"""One table of cases for every op that is no row; a family of ops a file. Tests of values,
derivatives, dtypes, planted errors and of agreement with PyTorch all run through it."""

from tests.cases import (
    basic,
    conv,
    csr,
    dense,
    life,
    linalg,
    moving,
    normal,
    pool,
    reductions,
    resize,
    rows,
    tables,
    windows,
)
from tests.cases.operation import Operation, Use, numbers

FAMILIES = (
    basic, conv, csr, dense, linalg, moving, normal, pool, reductions, tables, windows,
)  # fmt: skip
OPERATIONS: dict[str, Operation] = {
    name: operation for family in FAMILIES for name, operation in family.OPERATIONS.items()
}
# Wrong calls, with the error and its text in full; see test_refusals.py.
REFUSALS = [
    row for family in (*FAMILIES, life, resize, rows) for row in getattr(family, "REFUSED", [])
]
CASES = [(op, *use) for op, known in OPERATIONS.items() for use in known.uses]

__all__ = ["CASES", "OPERATIONS", "REFUSALS", "Operation", "Use", "numbers"]
