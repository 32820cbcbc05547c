"""Rows beyond the calculator: the error function, the gamma function and its kin.

No SciPy takes part: erf, erfc and lgamma are the C library's, digamma and its slope rules here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...kernels import words as w
from ..row import row
from .elementwise import POSITIVE

# Both series below are summed from z = x + 8 >= 8.5 on: the first term left out is 6e-16.
SHIFT = 8
DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
TRIGAMMA = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def series(u: Any, coefficients: Sequence[float]) -> Any:
    """c0 u + c1 u**2 + ..., by Horner's rule."""
    total = coefficients[-1] * u
    for c in coefficients[-2::-1]:
        total = (c + total) * u
    return total


def mirrored(x: Any) -> tuple[Any, Any, Any]:
    """Whether x lies left of 1/2; itself or 1 - x, right of it; and, left of it, how far x is
    from a whole number, else some number at which the reflection formulas are finite."""
    left = x < 0.5
    return left, w.where(left, 1 - x, x), w.where(left, x - w.rint(x), 0.25)


def digamma_of(x: Any) -> Any:
    """d/dx log |gamma(x)|. At the poles 0, -1, -2, ... it is -inf, the limit from the right."""
    left, z, r = mirrored(x)
    far = z + SHIFT
    value = w.log(far) - 0.5 / far - series(1 / (far * far), DIGAMMA)
    for k in range(SHIFT):
        value = value - 1 / (z + k)
    return w.where(left, value - w.pi / w.tan(w.pi * r), value)


def trigamma_of(x: Any) -> Any:
    """d/dx digamma(x), inf at the poles."""
    left, z, r = mirrored(x)
    far = z + SHIFT
    u = 1 / (far * far)
    value = (1 + series(u, TRIGAMMA)) / far + 0.5 * u
    for k in range(SHIFT):
        value = value + 1 / ((z + k) * (z + k))
    whole = w.pi / w.sin(w.pi * r)
    return w.where(left, whole * whole - value, value)


erf = row("erf", lambda x: w.erf(x), lambda x: 2 * w.exp(-x * x) / w.sqrt_pi)
erfc = row("erfc", lambda x: w.erfc(x), lambda x: -2 * w.exp(-x * x) / w.sqrt_pi)
lgamma = row("lgamma", lambda x: w.lgamma(x), digamma_of, domain=POSITIVE)
digamma = row("digamma", digamma_of, trigamma_of, domain=POSITIVE)
