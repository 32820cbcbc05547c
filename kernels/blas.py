"""How many threads the BLAS under NumPy takes for a product: one, where more would only wait.

OpenBLAS, which NumPy's wheels bring, starts all its threads for products that one thread has
done before the others are awake; on a busy machine these then take a hundred times as long.
Another BLAS is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .threads import chosen

# Floating-point operations of a product from which a second thread was seen to gain.
THREADS_FROM = 1 << 26
NAMES = (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", ""))

Calls = tuple[Callable[[], int], Callable[[int], Any]]


@cache
def calls() -> Calls | None:
    """How OpenBLAS is asked for its number of threads, and how it is told another; None where
    NumPy stands on another BLAS. A library is asked for the names of those it stands on too."""
    import ctypes

    try:
        core: Any = np
        library = ctypes.PyDLL(core._core._multiarray_umath.__file__)
    except (AttributeError, OSError):  # built in, or of another NumPy
        return None
    for before, after in NAMES:
        ask = getattr(library, f"{before}openblas_get_num_threads{after}", None)
        tell = getattr(library, f"{before}openblas_set_num_threads{after}", None)
        if ask is not None and tell is not None:
            return ask, tell
    return None


def on_threads(flops: float, product: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """product(*args), of so many floating-point operations, on as many threads as pay; on no
    more than OpenBLAS was set to, and it is set to that again afterwards."""
    known = calls()
    if known is None:
        return product(*args, **named)
    ask, tell = known
    before = ask()
    count = 1 if flops < THREADS_FROM else min(before, chosen() or before)
    if count == before:
        return product(*args, **named)
    tell(count)
    try:
        return product(*args, **named)
    finally:
        tell(before)
