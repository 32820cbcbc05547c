"""Correlation with filters that slide over images, and its transposes in images and filters.

The three bind images, filters and results by one trilinear form, and there are three ways to
compute them: register tiles for large batches, planes for groups of few channels, else BLAS.
An element of the border is a zero for BLAS, and absent for the others: they differ only where
a filter is not finite and meets it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import conv_columns, conv_planes, conv_tiled
from .kernel import kernel
from .reduce import rounded, wide
from .slide import Slide
from .windows import Pads, Sizes


@kernel
def conv(x: Any, w: Any, *, stride: Sizes, dilation: Sizes, groups: int, pads: Pads) -> Any:
    """Every filter at every place. Shapes: (N, C, *S), (O, C / groups, *K) -> (N, O, *T)."""
    return _product(x, w, None, Slide(stride, dilation, groups, pads))


@kernel
def conv_biased(
    x: Any, w: Any, b: Any, *, stride: Sizes, dilation: Sizes, groups: int, pads: Pads
) -> Any:
    """As `conv`, plus a number for each filter. Shapes: b (O,)."""
    return _product(x, w, b, Slide(stride, dilation, groups, pads))


@kernel
def conv_input(
    u: Any, w: Any, *, stride: Sizes, dilation: Sizes, groups: int, pads: Pads, shape: Sizes
) -> Any:
    """The transpose of `conv` in its images. Shapes: (N, O, *T), filters -> (N, C, *S)."""
    slide, products = Slide(stride, dilation, groups, pads), u.size * math.prod(w.shape[1:])
    way = _way(slide, (u, w), products, math.prod(shape), (len(u), w.shape[1]))
    return way.transposed(u, w, slide, shape)


@kernel
def conv_weight(
    x: Any, u: Any, *, stride: Sizes, dilation: Sizes, groups: int, pads: Pads, shape: Sizes
) -> Any:
    """The transpose of `conv` in its filters: images, (N, O, *T) -> (O, C / groups, *K)."""
    slide, products = Slide(stride, dilation, groups, pads), u.size * math.prod(shape[1:])
    deep = shape[1] * (shape[-1] if conv_tiled.is_shallow(shape, slide) else 1)
    way = _way(slide, (x, u), products, math.prod(shape), (deep, shape[0] // groups))
    return way.gradient(x, u, slide, shape)


@kernel
def channel_sums(g: Any) -> Any:
    """The sum over images and places. Shapes: (N, O, *T) -> (O,)."""
    if conv_planes.is_large(g):
        return conv_planes.channel_sums(g)
    axes = (0, *range(2, len(g.shape)))
    return rounded(g.sum(axis=axes, dtype=wide(g)), g)


def _product(x: Any, w: Any, b: Any, slide: Slide) -> Any:
    made = len(x) * len(w) * math.prod(slide.places(x.shape[2:], w.shape[2:]))
    products, sides = made * math.prod(w.shape[1:]), (len(x), len(w) // slide.groups)
    return _way(slide, (x, w), products, made, sides).product(x, w, b, slide)


def _way(slide: Slide, factors: Any, products: int, made: int, sides: tuple[int, int]) -> Any:
    """Where to make so many sums of so many products in all; `sides` are what the rows and
    lanes of a tile run over."""
    a, b = factors
    fits = type(a) is type(b) is np.ndarray and a.dtype == b.dtype and a.dtype.char in "fd"
    if fits and len(slide.stride) < 3:
        if conv_tiled.is_worth_it(products, made, a.dtype, sides):
            return conv_tiled
        if conv_planes.is_worth_it(products, slide.groups, sides):
            return conv_planes
    return conv_columns
