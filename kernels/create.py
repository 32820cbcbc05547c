"""Kernels that make arrays of numbers that follow from their place."""

from __future__ import annotations

from typing import Any

import numpy as np

from .device import module_for, module_of
from .kernel import kernel

Shape = tuple[int, ...]


@kernel
def full(*, shape: Shape, value: Any, dtype: Any, device: str) -> Any:
    """One number everywhere, on a device; dtype None is the number's own."""
    return module_for(device).full(shape, value, dtype)


@kernel
def full_like(x: Any, *, shape: Shape, value: Any, dtype: Any) -> Any:
    """One number everywhere, on the device of x."""
    return module_of(x).full(shape, value, dtype)


@kernel
def arange(*, start: Any, stop: Any, step: Any, dtype: Any) -> Any:
    """start, start + step, ..., below stop."""
    return np.arange(start, stop, step, dtype=dtype)


@kernel
def linspace(*, start: float, stop: float, num: int, endpoint: bool, dtype: Any) -> Any:
    """num numbers from start to stop in equal steps."""
    return np.linspace(start, stop, num, endpoint, dtype=dtype)


@kernel
def eye(*, rows: int, columns: int, k: int, dtype: Any) -> Any:
    """1 on the k-th diagonal above the main one, 0 elsewhere."""
    return np.eye(rows, columns, k, dtype)


@kernel
def lower_triangle(x: Any, *, k: int) -> Any:
    """Truth values: on or below the k-th diagonal. Shapes: x (..., M, N) -> (M, N)."""
    xp = module_of(x)
    rows, columns = x.shape[-2:]
    return xp.arange(columns) - k <= xp.arange(rows)[:, None]
