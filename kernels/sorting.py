"""Kernels that order elements."""

from __future__ import annotations

from typing import Any

from .device import module_of
from .kernel import kernel


@kernel
def argsort(x: Any, *, axis: int, descending: bool = False) -> Any:
    """The indices that put x in order along an axis. Equal elements keep their order; nan is
    larger than any number."""
    xp = module_of(x)
    if not descending:
        return xp.argsort(x, axis=axis, kind="stable")
    last = max(x.shape[axis] - 1, 0)
    return last - xp.flip(xp.argsort(xp.flip(x, axis), axis=axis, kind="stable"), axis)
