"""Matrix products, left to the BLAS under NumPy and to cuBLAS under CuPy."""

from __future__ import annotations

from typing import Any

from .device import module_of
from .kernel import kernel


@kernel
def matmul(a: Any, b: Any) -> Any:
    """a @ b, batched over leading axes as NumPy does.

    float16 adds up in float32: cuBLAS does so itself; the BLAS does not know it, and NumPy's
    own loop, which does, takes a hundred times as long.
    """
    xp = module_of(a, b)
    if xp.result_type(a, b) != "float16" or xp.__name__ == "cupy":
        return xp.matmul(a, b)
    return xp.matmul(a.astype("float32"), b.astype("float32")).astype("float16")
