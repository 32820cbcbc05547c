"""The matrix product."""

from __future__ import annotations

from typing import Any

from ..kernels import ShapeError
from ..kernels import matmul as kernel
from .op import MULTILINEAR, structural
from .shaping import as_array, swap_last
from .tape import apply

# y = a b, so dL/da = dL/dy b^T and dL/db = a^T dL/dy; batch axes that broadcast are summed away
# by the tape, as for every op.
MATMUL = structural(
    "matmul",
    kernel.matmul,
    ["a", "b"],
    lambda g, b: matmul(g, swap_last(b)),
    lambda g, a: matmul(swap_last(a), g),
    jvp=MULTILINEAR,
    expects="batch shapes that broadcast",
    repair="reshape the leading axes",
)


def matmul(a: Any, b: Any) -> Any:
    """a @ b. A vector on the left is a row, on the right a column, and its axis is dropped.

    Shapes: (..., M, K) @ (..., K, N) -> (..., M, N); leading axes broadcast.
    Raises: ShapeError where the inner sizes differ.
    """
    a, b = as_array(a), as_array(b)
    row, column = len(a.shape) == 1, len(b.shape) == 1
    inner = b.shape[0] if column else b.shape[-2] if b.shape else None
    if not a.shape or a.shape[-1] != inner:
        raise ShapeError(
            "matmul",
            "a.shape[-1] == b.shape[-2]",
            f"{a.shape} @ {b.shape}",
            "transpose one operand",
        )
    y = apply(MATMUL, a[None, :] if row else a, b[:, None] if column else b)
    if row or column:
        y = y[..., 0, 0] if row and column else y[..., 0, :] if row else y[..., 0]
    return y
