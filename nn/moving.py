"""Modules between devices and dtypes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.sparse import SparseRows
from ..kernels import DTypeError
from ..kernels.device import DEVICES, module_for, to_device
from ..kernels.locking import lock


def move(values: Iterable[Tensor], targets: Sequence[Any]) -> None:
    """Put values, and the gradients they hold, on a device, in a float dtype, or both."""
    where, dtype = _read(targets)
    for value in values:
        moved = _moved(value.data, where, dtype)
        if moved is value.data:
            continue
        lock(moved)
        value.data = moved
        value.changed()  # so that graphs that saved the old values refuse to go back
        if value.grad is not None:
            value.grad = _moved_gradient(value.grad, where, dtype)


def _read(targets: Sequence[Any]) -> tuple[str | None, Any]:
    """The device and the dtype among the targets, each None where it is to stay."""
    where: str | None = None
    dtype: Any = None
    for target in targets:
        if isinstance(target, str) and target.partition(":")[0] in DEVICES:
            where = target
            module_for(target)  # says what is missing, before anything moves
        else:
            dtype = _float(target)
    return where, dtype


def _float(target: Any) -> np.dtype[Any]:
    try:
        dtype = np.dtype(target)
    except TypeError:
        if isinstance(target, str):
            module_for(target)  # which knows no such device
        dtype = None
    if target is None or dtype is None or dtype.kind != "f":
        repair = "pass 'cuda', np.float64, or both"
        rule = f"a device ({', '.join(DEVICES)}) or a float dtype"
        raise DTypeError("to", rule, repr(target), repair)
    return dtype


def _moved(array: Any, where: str | None, dtype: Any) -> Any:
    array = array if where is None else to_device(array, where)
    is_float = array.dtype.kind == "f"
    return array if dtype is None or not is_float else _cast(array, dtype)


def _cast(array: Any, dtype: Any) -> Any:
    return array if array.dtype == dtype else array.astype(dtype)


def _moved_gradient(g: Any, where: str | None, dtype: Any) -> Any:
    data = _moved(g.data, where, dtype)
    return SparseRows(g.indices, data, g.shape) if isinstance(g, SparseRows) else Tensor(data)
