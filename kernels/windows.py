"""Windows that slide over the last axes, borders, and what they show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .device import device_of, module_of
from .kernel import kernel

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]  # how much is put before and behind an axis, or cut off
BYTES = {"cpu": 1 << 21, "cuda": 1 << 28}  # of windows, copied at a time


@kernel
def windows(x: Any, *, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """What each place of a window shows. Shapes: (..., *S) -> (..., *K, *T)."""
    return seen(x, size, stride, dilation).copy()


@kernel
def overlap_add(x: Any, *, stride: Sizes, dilation: Sizes, shape: Sizes) -> Any:
    """The transpose of `windows`: each laid back where it was seen, and all added up."""
    dtype, x = widened(x)
    y = module_of(x).zeros(shape, x.dtype)
    add_windows(y, x, stride, dilation)
    return y.astype(dtype, copy=False)


@kernel
def border(x: Any, *, index: Any, shape: Sizes, value: float = 0.0) -> Any:
    """x at a place in an array of one value."""
    y = module_of(x).full(shape, value, dtype=x.dtype)
    y[index] = x
    return y


@kernel
def beside(x: Any, *, numbers: Any) -> Any:
    """Numbers of the host as an array of x's dtype, on its device."""
    return module_of(x).asarray(numbers, dtype=x.dtype)


def seen(x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """A view. Shapes: (..., *S) -> (..., *K, *T)."""
    n, lead = len(size), len(x.shape) - len(size)
    axes = tuple(range(lead, lead + n))
    spans = tuple(d * (k - 1) + 1 for k, d in zip(size, dilation))
    view = module_of(x).lib.stride_tricks.sliding_window_view(x, spans, axis=axes)
    view = view[(..., *(slice(None, None, step) for step in (*stride, *dilation)))]
    return view.transpose(*range(lead), *(a + n for a in axes), *axes)


def add_windows(y: Any, x: Any, stride: Sizes, dilation: Sizes) -> None:
    """One strided addition for each element of the window."""
    n = len(stride)
    whole, places = (slice(None),) * n, x.shape[-n:]
    for k in np.ndindex(x.shape[-2 * n : -n]):
        firsts = [i * d for i, d in zip(k, dilation)]
        spots = [slice(a, a + s * (t - 1) + 1, s) for a, s, t in zip(firsts, stride, places)]
        y[(..., *spots)] += x[(..., *k, *whole)]


def batches(view: Any) -> Iterator[slice]:
    """Slices of the batch whose windows stay small, of one image at least."""
    each = math.prod(view.shape[1:]) * view.dtype.itemsize
    step = max(1, BYTES[device_of(view)] // max(1, each))
    return (slice(a, a + step) for a in range(0, len(view), step))


def within(x: Any, pads: Pads, value: float = 0.0) -> Any:
    """x with a border of one value around its last axes; a negative one is cut off."""
    if not any(map(any, pads)):
        return x
    lead = len(x.shape) - len(pads)
    sizes = [a + s + b for (a, b), s in zip(pads, x.shape[lead:])]
    y = module_of(x).full((*x.shape[:lead], *sizes), value, dtype=x.dtype)
    pairs = list(zip(pads, x.shape[lead:]))
    to = [slice(max(a, 0), max(a, 0) + s + min(a, 0) + min(b, 0)) for (a, b), s in pairs]
    y[(..., *to)] = x[(..., *(slice(max(-a, 0), s - max(-b, 0)) for (a, b), s in pairs))]
    return y


def widened(*arrays: Any) -> list[Any]:
    """The dtype of a result, and the arrays in the one it adds up in: float16 in float32."""
    dtype = module_of(*arrays).result_type(*arrays)
    wide = "float32" if dtype == "float16" else dtype.type
    return [dtype, *(a.astype(wide, copy=False) for a in arrays)]
