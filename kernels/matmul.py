"""Matrix products, left to the BLAS under NumPy and to cuBLAS under CuPy."""

from __future__ import annotations

from typing import Any

from .device import module_of
from .kernel import kernel


@kernel
def matmul(a: Any, b: Any) -> Any:
    """a @ b, batched over leading axes as NumPy does."""
    return module_of(a, b).matmul(a, b)
