"""Correlation with filters that slide over images, its two transposes, and windows.

A filter of size K stops at T places: that is a view (N, C, *K, *T) of the images (N, C, *S).
Copied a few images at a time, while it fits a core's cache, it is a matrix for the BLAS.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .device import device_of, module_of
from .kernel import kernel

Sizes = tuple[int, ...]
BYTES = {"cpu": 1 << 21, "cuda": 1 << 28}  # of windows, copied at a time


@kernel
def conv(x: Any, w: Any, *, stride: Sizes, dilation: Sizes, groups: int) -> Any:
    """Every filter at every place. Shapes: (N, C, *S), (O, C / groups, *K) -> (N, O, *T)."""
    dtype, x, w = _widened(x, w)
    seen = _windows(x, w.shape[2:], stride, dilation)
    y = module_of(x).zeros((len(x), len(w), *seen.shape[-len(stride) :]), dtype)
    rows, filters = _grouped(y, groups, 1), _grouped(w, groups, 0)
    for some in _batches(seen):
        rows[some] = module_of(x).matmul(filters, _columns(seen[some], filters, rows))
    return y


@kernel
def conv_input(
    x: Any, w: Any, *, stride: Sizes, dilation: Sizes, groups: int, shape: Sizes
) -> Any:
    """The transpose of `conv` in its images. Shapes: (N, O, *T), filters -> (N, C, *S)."""
    dtype, x, w = _widened(x, w)
    y = module_of(x).zeros(shape, x.dtype)
    rows, filters = _grouped(x, groups, 1), _grouped(w, groups, 0).transpose(0, 2, 1)
    seen = _windows(y, w.shape[2:], stride, dilation)
    for some in _batches(seen):
        columns = module_of(x).matmul(filters, rows[some])
        _add_windows(y[some], columns.reshape(seen[some].shape), stride, dilation)
    return y.astype(dtype, copy=False)


@kernel
def conv_weight(
    x: Any, u: Any, *, stride: Sizes, dilation: Sizes, groups: int, shape: Sizes
) -> Any:
    """The transpose of `conv` in its filters: images, (N, O, *T) -> (O, C / groups, *K)."""
    dtype, x, u = _widened(x, u)
    y = module_of(x).zeros(shape, x.dtype)
    rows, filters = _grouped(u, groups, 1), _grouped(y, groups, 0)
    seen = _windows(x, shape[2:], stride, dilation)
    for some in _batches(seen):
        columns = _columns(seen[some], filters, rows).transpose(0, 1, 3, 2)
        filters += module_of(x).matmul(rows[some], columns).sum(axis=0)
    return y.astype(dtype, copy=False)


@kernel
def windows(x: Any, *, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """What each place of a window shows. Shapes: (..., *S) -> (..., *K, *T)."""
    return _windows(x, size, stride, dilation).copy()


@kernel
def overlap_add(x: Any, *, stride: Sizes, dilation: Sizes, shape: Sizes) -> Any:
    """The transpose of `windows`: each laid back where it was seen, and all added up."""
    dtype, x = _widened(x)
    y = module_of(x).zeros(shape, x.dtype)
    _add_windows(y, x, stride, dilation)
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


def _windows(x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    n, lead = len(size), len(x.shape) - len(size)
    axes = tuple(range(lead, lead + n))
    spans = tuple(d * (k - 1) + 1 for k, d in zip(size, dilation))
    view = module_of(x).lib.stride_tricks.sliding_window_view(x, spans, axis=axes)
    view = view[(..., *(slice(None, None, step) for step in (*stride, *dilation)))]
    return view.transpose(*range(lead), *(a + n for a in axes), *axes)


def _add_windows(y: Any, x: Any, stride: Sizes, dilation: Sizes) -> None:
    """One strided addition for each element of the window."""
    n = len(stride)
    whole, places = (slice(None),) * n, x.shape[-n:]
    for k in np.ndindex(x.shape[-2 * n : -n]):
        firsts = [i * d for i, d in zip(k, dilation)]
        spots = [slice(a, a + s * (t - 1) + 1, s) for a, s, t in zip(firsts, stride, places)]
        y[(..., *spots)] += x[(..., *k, *whole)]


def _grouped(x: Any, groups: int, axis: int) -> Any:
    """An axis of channels as groups of them, and all behind it as one axis; a view of y."""
    lead, channels = x.shape[:axis], x.shape[axis]
    return x.reshape(*lead, groups, channels // groups, math.prod(x.shape[axis + 1 :]))


def _columns(seen: Any, filters: Any, rows: Any) -> Any:
    """Windows as matrices, one a group: what a filter has, by the places."""
    return seen.reshape(len(seen), *filters.shape[::2], rows.shape[-1])


def _batches(seen: Any) -> Iterator[slice]:
    """Slices of the batch whose windows stay small, of one image at least."""
    each = math.prod(seen.shape[1:]) * seen.dtype.itemsize
    step = max(1, BYTES[device_of(seen)] // max(1, each))
    return (slice(a, a + step) for a in range(0, len(seen), step))


def _widened(*arrays: Any) -> list[Any]:
    """The dtype of a result, and the arrays in the one it adds up in: float16 in float32."""
    dtype = module_of(*arrays).result_type(*arrays)
    wide = "float32" if dtype == "float16" else dtype.type
    return [dtype, *(a.astype(wide, copy=False) for a in arrays)]
