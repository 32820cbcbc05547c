"""Images of another size: each new pixel from where it lies among the old ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...kernels import DTypeError, OptionError, ShapeError
from ...kernels import windows as kernels
from .conv import AXES
from .elementwise import add, multiply
from .indexing import pick
from .rearrange import along
from .shaping import as_array, data_of
from .windows import Each, each_axis

WHERE = "interpolate"
LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}  # and along how many axes
Ratio = tuple[float, float]


def interpolate(
    x: Any,
    size: Each | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """Images x of S pixels along an axis, seen as T pixels; axis by axis.

    Pixel t lies at p among the old ones. It is
        "nearest"   x[floor(p)],                            p = t S / T
        "linear"    (1 - w) x[floor(p)] + w x[floor(p) + 1],    w = p - floor(p),
                    p = max((t + 1/2) S / T - 1/2, 0): the middles of pixels, in one picture;
                    with align_corners p = t (S - 1) / (T - 1): first on first, last on last.
    "bilinear" and "trilinear" are "linear" along two and three axes. A scale_factor f in place
    of a size makes T = floor(S f), and stands in these formulas for T / S.
    Shapes: (N, C, *S) -> (N, C, *T), of one, two or three axes.
    Raises: ShapeError, DTypeError, OptionError for a shape, dtype or setting that is not so.
    Differs: PyTorch takes the floor of a float32 product, which may be one too low, and copies
    an axis of which S = T, whatever the factor.
    """
    x = as_array(x)
    _check(x, mode, align_corners)
    sizes = x.shape[2:]
    counts, ratios = _given(sizes, size, scale_factor)
    for axis, (length, count, ratio) in enumerate(zip(sizes, counts, ratios), start=2):
        if mode == "nearest":
            x = pick(x, along(axis, _nearest(length, count, ratio)))
        else:
            x = _between(x, axis, *_places(length, count, ratio, bool(align_corners)))
    return x


def _nearest(length: int, count: int, ratio: Ratio) -> np.ndarray:
    over, under = ratio
    at = np.arange(count) * over / under  # in this order a whole number is met exactly
    return np.minimum(at.astype(np.intp), length - 1)


def _places(
    length: int, count: int, ratio: Ratio, align_corners: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Behind which pixel each new one lies, and how far on the way to the next."""
    t, (over, under) = np.arange(count), ratio
    above, below = np.maximum((2 * t + 1) * over - under, 0), 2 * under
    if align_corners:
        above, below = t * (length - 1), max(count - 1, 1)
    low, rest = np.divmod(above, below)  # of integers: exact
    return np.minimum(low.astype(np.intp), length - 1), rest / below


def _between(x: Any, axis: int, low: np.ndarray, weights: np.ndarray) -> Any:
    """x at places along an axis, on straight lines between its elements."""
    column = np.reshape(weights, (-1, *(1,) * (len(x.shape) - axis - 1)))
    high = np.minimum(low + 1, x.shape[axis] - 1)
    left, right = (
        multiply(pick(x, along(axis, i)), kernels.beside(data_of(x), numbers=w))
        for i, w in ((low, 1 - column), (high, column))
    )
    return add(left, right)


def _given(
    sizes: tuple[int, ...], size: Each | None, scale_factor: Any
) -> tuple[tuple[int, ...], list[Ratio]]:
    """How many pixels there shall be along each axis, and S / T as a fraction."""
    if (size is None) == (scale_factor is None):
        got = "neither" if size is None else "both"
        raise OptionError(WHERE, "size or scale_factor", got, "give one of them")
    n = len(sizes)
    if size is not None:
        counts = each_axis(WHERE, "size", size, n)
        return counts, list(zip(sizes, counts))
    each = isinstance(scale_factor, Iterable)
    factors = list(map(float, scale_factor if each else (scale_factor,) * n))
    counts = tuple(int(s * f) if 0 < f < math.inf else 0 for s, f in zip(sizes, factors))
    if len(factors) != n or not all(counts):
        rule = f"a scale_factor that leaves a pixel, as a number or {n} of them"
        raise OptionError(WHERE, rule, repr(scale_factor), f"x has sizes {sizes}")
    return counts, [(1, f) for f in factors]


def _check(x: Any, mode: str, align_corners: bool | None) -> None:
    if mode not in ("nearest", *LINEAR):
        rule = f"mode in {', '.join(('nearest', *LINEAR))}"
        raise OptionError(WHERE, rule, repr(mode), "choose one of these")
    linear, n = mode in LINEAR, len(x.shape) - 2
    if n != LINEAR.get(mode, n) or n not in AXES or 0 in x.shape[2:]:
        axes = AXES[LINEAR[mode]] if linear else "*S"
        rule = f"x (N, C, {axes}), not empty, for mode {mode!r}"
        raise ShapeError(WHERE, rule, str(x.shape), "reshape x, or choose another mode")
    if linear and x.dtype.kind != "f":
        rule = f"floats for mode {mode!r}"
        raise DTypeError(WHERE, rule, str(x.dtype), "use astype(np.float32)")
    if align_corners is not None and not linear:
        got = f"align_corners={align_corners}"
        raise OptionError(WHERE, "no align_corners for mode 'nearest'", got, "leave it out")
