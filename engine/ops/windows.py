"""Windows that slide over the last axes: what they show, and its transpose; unfold, fold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ...kernels import OptionError, ShapeError
from ...kernels import windows as kernels
from ..op import LINEAR, structural
from ..tape import apply
from .indexing import getitem
from .shaping import as_array, reshape

Sizes = tuple[int, ...]
Each = int | Sequence[int]  # one number for all axes, or one an axis
Pads = Sequence[tuple[int, int]]  # how much is put before and behind each axis

WINDOWS = structural(
    "windows",
    kernels.windows,
    ["x"],
    lambda g, input_shape, stride, dilation: overlap_add(g, stride, dilation, input_shape),
    jvp=LINEAR,
)
OVERLAP_ADD = structural(
    "overlap_add",
    kernels.overlap_add,
    ["x"],
    lambda g, input_shape, stride, dilation: windows(
        g, input_shape[-2 * len(stride) : -len(stride)], stride, dilation
    ),
    jvp=LINEAR,
)


def _bordered(t: Any, index: Any, shape: Sizes) -> Any:
    return apply(BORDER, t, index=index, shape=shape)  # by 0, whatever the value


BORDER = structural(
    "border",
    kernels.border,
    ["x"],
    lambda g, index: getitem(g, index),
    jvp=[_bordered],
)


def windows(x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """What each place of a window shows. Shapes: (..., *S) -> (..., *K, *T)."""
    return apply(WINDOWS, x, size=size, stride=stride, dilation=dilation)


def overlap_add(x: Any, stride: Sizes, dilation: Sizes, shape: Sizes) -> Any:
    """Windows laid back and added up. Shapes: (..., *K, *T) -> shape, which is (..., *S)."""
    return apply(OVERLAP_ADD, x, stride=stride, dilation=dilation, shape=shape)


def border(x: Any, pads: Pads, value: float = 0.0) -> Any:
    """x with a border of one value around its last axes."""
    if not any(map(any, pads)):
        return x
    lead, sizes = x.shape[: -len(pads)], x.shape[-len(pads) :]
    shape = (*lead, *(a + s + b for (a, b), s in zip(pads, sizes)))
    index = (..., *(slice(a, a + s) for (a, _), s in zip(pads, sizes)))
    return apply(BORDER, x, index=index, shape=shape, value=value)


def without_border(x: Any, pads: Pads) -> Any:
    """x without its border: the transpose of a border of 0."""
    if not any(map(any, pads)):
        return x
    sizes = x.shape[-len(pads) :]
    return getitem(x, (..., *(slice(a, s - b) for (a, b), s in zip(pads, sizes))))


def spans(size: Sizes, dilation: Sizes) -> Sizes:
    """From the first element of a window to its last."""
    return tuple(d * (k - 1) + 1 for k, d in zip(size, dilation))


def each_axis(where: str, name: str, value: Any, n: int, least: int = 1) -> Sizes:
    """One integer for each of n axes.

    Raises: OptionError for another count of them, or one that is too small.
    """
    given = tuple(value) if isinstance(value, Iterable) else (value,) * n
    if len(given) != n or not all(hasattr(v, "__index__") and v >= least for v in given):
        rule = f"{name} of at least {least}, as an integer or {n} of them"
        raise OptionError(where, rule, repr(value), "see its docstring")
    return tuple(int(v) for v in given)


def stops(where: str, sizes: Sizes, reach: Sizes, stride: Sizes) -> Sizes:
    """How often a window of a given reach stops on axes of the given sizes, borders included.

    Raises: ShapeError where it does not fit.
    """
    if any(s < r for s, r in zip(sizes, reach)):
        got = f"{sizes}, padding included"
        raise ShapeError(
            where, f"sizes of at least {reach}", got, "pad more, or take a smaller kernel"
        )
    return tuple((s - r) // step + 1 for s, r, step in zip(sizes, reach, stride))


def unfold(
    x: Any, kernel_size: Each, dilation: Each = 1, padding: Each = 0, stride: Each = 1
) -> Any:
    """The windows of images as columns.

    Shapes: (N, C, H, W) -> (N, C * KH * KW, L), L being the number of places.
    Raises: ShapeError, OptionError for a shape or a setting that is not so.
    """
    x, where = as_array(x), "unfold"
    if len(x.shape) != 4:
        raise ShapeError(where, "x (N, C, H, W)", str(x.shape), "reshape x")
    size, dilated, pads, step = _settings(where, kernel_size, dilation, padding, stride)
    padded = border(x, pads)
    stops(where, padded.shape[-2:], spans(size, dilated), step)
    seen = windows(padded, size, step, dilated)
    return reshape(seen, (x.shape[0], math.prod(seen.shape[1:4]), math.prod(seen.shape[4:])))


def fold(
    x: Any,
    output_size: Each,
    kernel_size: Each,
    dilation: Each = 1,
    padding: Each = 0,
    stride: Each = 1,
) -> Any:
    """Columns laid back as windows and added up where they overlap: the transpose of `unfold`.

    Shapes: (N, C * KH * KW, L) -> (N, C, H, W).
    Raises: ShapeError, OptionError for a shape or a setting that is not so.
    """
    x, where = as_array(x), "fold"
    sizes = each_axis(where, "output_size", output_size, 2)
    size, dilated, pads, step = _settings(where, kernel_size, dilation, padding, stride)
    padded = tuple(a + s + b for (a, b), s in zip(pads, sizes))
    places = stops(where, padded, spans(size, dilated), step)
    area, count = math.prod(size), math.prod(places)
    if len(x.shape) != 3 or x.shape[1] % area or x.shape[2] != count:
        rule = f"x (N, C * {area}, {count})"
        raise ShapeError(where, rule, str(x.shape), "check output_size and the settings")
    lead = (x.shape[0], x.shape[1] // area)
    laid = overlap_add(reshape(x, (*lead, *size, *places)), step, dilated, (*lead, *padded))
    return without_border(laid, pads)


def _settings(
    where: str, size: Each, dilation: Each, padding: Each, stride: Each
) -> tuple[Sizes, Sizes, Pads, Sizes]:
    around = each_axis(where, "padding", padding, 2, 0)
    return (
        each_axis(where, "kernel_size", size, 2),
        each_axis(where, "dilation", dilation, 2),
        [(p, p) for p in around],
        each_axis(where, "stride", stride, 2),
    )
