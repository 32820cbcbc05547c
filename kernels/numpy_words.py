"""What words mean to NumPy, where it has no function of that meaning, or a slow one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def of_libm(f: Callable[[float], float]) -> Callable[..., Any]:
    """A function of the module math, one element at a time: NumPy has no erf, and SciPy is no
    dependency."""
    each = np.frompyfunc(f, 1, 1)

    def whole(x: Any) -> Any:
        x = np.asarray(x)
        return np.asarray(each(x), np.result_type(x, np.float16))

    return whole


def lgamma(x: float) -> float:
    """math.lgamma, infinite at the poles and beyond the largest float, where it would raise."""
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), through whichever of exp(x) and exp(-x) cannot overflow."""
    size = np.abs(0.0 - x)  # as a float: the smallest int8 has no absolute value
    return np.maximum(x, 0) + np.log1p(np.exp(-size))


def where(truth: Any, x: Any, y: Any) -> Any:
    """NumPy's where, which asks at each element and where answers change takes longer than an
    exp; so in large arrays the bits in which x and y differ are multiplied by 0 or 1."""
    T = np.result_type(x, y)
    if np.size(truth) < 1024 or truth.dtype != bool or T.char not in "efd":
        return np.where(truth, x, y)
    bits = f"i{T.itemsize}"
    x, y = (np.asarray(a, T).view(bits) for a in (x, y))
    differ = (x ^ y) * truth
    chosen = np.empty_like(differ, T)
    np.bitwise_xor(y, differ, out=chosen.view(bits))
    return chosen


def one_minus_power(b: Any, t: Any) -> Any:
    """1 - b**t without the cancellation near b = 1."""
    return 0 - np.expm1(t * np.log(b)) if b > 0 else 1 - np.power(b, t)


def ratio(a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):  # at b = 0, where the quotient is computed but not taken
        if np.asarray(b).all():
            return np.divide(a, b)
        return np.where(np.not_equal(b, 0), np.divide(a, b), np.multiply(a, b))


def scale(h: Any, x: Any) -> Any:
    """A host's number times an element, rounded once."""
    x = np.asarray(x)
    return np.multiply(np.float64(h), x, out=np.empty_like(x), casting="same_kind")
