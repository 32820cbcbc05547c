"""Kernels that move elements without computing: views where NumPy gives one."""

from __future__ import annotations

from typing import Any

from .device import module_of, to_device
from .kernel import kernel
from .locking import opened


@kernel
def reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    """The same elements in another shape."""
    return x.reshape(shape)


@kernel
def transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    """Axes in another order."""
    return x.transpose(axes)


@kernel
def broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    """x repeated along new and single axes, without a copy."""
    return module_of(x).broadcast_to(x, shape)


@kernel
def concat(*arrays: Any, axis: int, bounds: tuple[int, ...] = ()) -> Any:
    """Arrays joined along an axis. `bounds`, where each begins and the last ends, is what the
    transpose of this kernel needs to know."""
    return module_of(*arrays).concatenate(arrays, axis=axis)


@kernel
def stack(*arrays: Any, axis: int) -> Any:
    """Arrays joined along a new axis."""
    return module_of(*arrays).stack(arrays, axis=axis)


@kernel
def astype(x: Any, *, dtype: Any) -> Any:
    """The same values in another dtype, in memory of their own and in rows: what an update of
    many tensors reads fastest."""
    return x.astype(dtype, order="C")


@kernel
def to(x: Any, *, device: str, back: str) -> Any:
    """The same elements on a device; `back`, where they come from, is what the transpose of
    this kernel needs to know."""
    return x.copy() if device == back else to_device(x, device)


@kernel
def copy(x: Any) -> Any:
    """The same elements in memory of their own."""
    return x.copy()


@kernel
def assign(x: Any, value: Any) -> Any:
    """x, with other values in its memory."""
    with opened([x]):
        x[...] = value
    return x


@kernel
def zeros_like(x: Any, *, lead: tuple[int, ...] = ()) -> Any:
    """Zeros of x's shape, behind leading axes, of its dtype and on its device."""
    return module_of(x).zeros((*lead, *x.shape), x.dtype)


@kernel
def eye_like(x: Any) -> Any:
    """Each element's unit vector, in x's shape, dtype and device. Shapes: x -> (size, *x)."""
    return module_of(x).eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape)


@kernel
def view(x: Any) -> Any:
    """The same elements in the same memory, as another array."""
    return x.view()


@kernel
def refined(fine: Any, coarse: Any) -> Any:
    """The finer number wherever it rounds to the coarser one, and the coarser elsewhere."""
    same = fine.astype(coarse.dtype) == coarse
    return module_of(fine).where(same, fine, coarse).astype(fine.dtype)
