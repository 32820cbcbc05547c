"""Convolution by BLAS, on any device and along any number of axes.

A filter of size K stops at T places: that is a view (N, C, *K, *T) of the images (N, C, *S).
Copied a few images at a time, while it fits a core's cache, it is a matrix for the BLAS.
"""

from __future__ import annotations

import math
from typing import Any

from .device import module_of
from .slide import Slide
from .windows import Sizes, add_windows, batches, seen, widened, within


def product(x: Any, w: Any, bias: Any, slide: Slide) -> Any:
    """Every filter at every place, plus a number for each, or None.

    Shapes: (N, C, *S), (O, C / groups, *K), (O,) -> (N, O, *T).
    """
    dtype, x, w = widened(within(x, slide.pads), w)
    shown = seen(x, w.shape[2:], slide.stride, slide.dilation)
    y = module_of(x).zeros((len(x), len(w), *shown.shape[-len(slide.stride) :]), dtype)
    rows, filters = _grouped(y, slide.groups, 1), _grouped(w, slide.groups, 0)
    for some in batches(shown):
        rows[some] = module_of(x).matmul(filters, _columns(shown[some], filters, rows))
    return y if bias is None else _biased(y, bias)


def _biased(y: Any, bias: Any) -> Any:
    bias = bias.reshape(-1, *(1,) * (len(y.shape) - 2))
    if module_of(y).result_type(y, bias) != y.dtype:
        return y + bias
    y += bias
    return y


def transposed(u: Any, w: Any, slide: Slide, shape: Sizes) -> Any:
    """The transpose in the images. Shapes: (N, O, *T), filters -> (N, C, *S)."""
    dtype, u, w = widened(u, w)
    sizes = (a + s + b for (a, b), s in zip(slide.pads, shape[2:]))
    y = module_of(u).zeros((*shape[:2], *sizes), u.dtype)
    rows = _grouped(u, slide.groups, 1)
    filters = _grouped(w, slide.groups, 0).transpose(0, 2, 1)
    shown = seen(y, w.shape[2:], slide.stride, slide.dilation)
    for some in batches(shown):
        columns = module_of(u).matmul(filters, rows[some])
        columns = columns.reshape(shown[some].shape)
        add_windows(y[some], columns, slide.stride, slide.dilation)
    return within(y, tuple((-a, -b) for a, b in slide.pads)).astype(dtype, copy=False)


def gradient(x: Any, u: Any, slide: Slide, shape: Sizes) -> Any:
    """The transpose in the filters: images, (N, O, *T) -> (O, C / groups, *K)."""
    dtype, x, u = widened(within(x, slide.pads), u)
    y = module_of(x).zeros(shape, x.dtype)
    rows, filters = _grouped(u, slide.groups, 1), _grouped(y, slide.groups, 0)
    shown = seen(x, shape[2:], slide.stride, slide.dilation)
    for some in batches(shown):
        columns = _columns(shown[some], filters, rows).transpose(0, 1, 3, 2)
        filters += module_of(x).matmul(rows[some], columns).sum(axis=0)
    return y.astype(dtype, copy=False)


def _grouped(x: Any, groups: int, axis: int) -> Any:
    """An axis of channels as groups of them, and all behind it as one axis; a view of y."""
    lead, channels = x.shape[:axis], x.shape[axis]
    return x.reshape(*lead, groups, channels // groups, math.prod(x.shape[axis + 1 :]))


def _columns(shown: Any, filters: Any, rows: Any) -> Any:
    """Windows as matrices, one a group: what a filter has, by the places."""
    return shown.reshape(len(shown), *filters.shape[::2], rows.shape[-1])
