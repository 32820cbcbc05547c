"""Modules between devices and dtypes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..engine import Tensor
from ..engine.ops.placing import read
from ..engine.sparse import SparseRows
from ..kernels.device import to_device
from ..kernels.locking import lock


def move(values: Iterable[Tensor], targets: Sequence[Any]) -> None:
    """Put values, and the gradients they hold, on a device, in a float dtype, or both."""
    where, dtype = read(targets, "f")
    for value in values:
        moved = _moved(value.data, where, dtype)
        if moved is value.data:
            continue
        lock(moved)
        value.data = moved
        value.changed()  # so that graphs that saved the old values refuse to go back
        if value.grad is not None:
            value.grad = _moved_gradient(value.grad, where, dtype)


def _moved(array: Any, where: str | None, dtype: Any) -> Any:
    array = array if where is None else to_device(array, where)
    is_float = array.dtype.kind == "f"
    return array if dtype is None or not is_float else _cast(array, dtype)


def _cast(array: Any, dtype: Any) -> Any:
    return array if array.dtype == dtype else array.astype(dtype)


def _moved_gradient(g: Any, where: str | None, dtype: Any) -> Any:
    data = _moved(g.data, where, dtype)
    return SparseRows(g.indices, data, g.shape) if isinstance(g, SparseRows) else Tensor(data)
