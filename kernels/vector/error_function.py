"""erf and erfc.

Of a = |x|: exp(a**2) erfc(a) falls slowly, and is the quotient of two polynomials with no term
below 0, in which nothing cancels.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from .formats import Format
from .instructions import (
    OPTIONS,
    bits,
    by_type,
    fma,
    left,
    minus,
    number,
    polynomial,
    right,
    select,
    signed,
    size,
)

inline = njit(**OPTIONS)


def bell(F: Format) -> Any:
    """A function of a: exp(-a**2), as `exponential.exp` but that the square is not rounded: n
    times the first part of log(2) is exact, and so is its difference from a**2."""
    (log2e, _), (high, low) = F.of("LOG2E"), F.of("SHORT_LN2")
    magic, p = F.T(F.magic + F.T(2 * F.bias)), polynomial((1.0, 1.0, *F.of("EXP")))
    shift, one = F.shift, F.I(1)

    @inline
    def of_square(a):
        t = fma(-(a * a), log2e, magic)
        n = t - magic
        r = fma(-n, low, fma(-a, a, -(n * high)))
        half = right(bits(t), one)
        rest = number(left(minus(bits(t), half), shift))
        return p(r) * number(left(half, shift)) * rest

    return of_square


def tail(F: Format) -> Any:
    """A function of a: erfc(a)."""
    over, under = polynomial(F.of("ERFC_OVER"), True), polynomial(F.of("ERFC_UNDER"), True)
    square, high = bell(F), F.T(F.erfc_high)

    @inline
    def above(a):
        a = select(a > high, high, a)
        return square(a) * (over(a) / under(a))

    return above


@by_type
def erfc(F: Format) -> Any:
    """1 - erf(x), without cancellation where it is small."""
    above, zero, two = tail(F), F.T(0), F.T(2)

    def code(x):
        y = above(size(x))
        return select(x < zero, two - y, y)

    return code


@by_type
def erf(F: Format) -> Any:
    """The integral of 2 exp(-t**2) / sqrt(pi) from 0 to x."""
    above, p, one = tail(F), polynomial(F.of("ERF")), F.T(1)

    def code(x):
        a = size(x)
        near = select(a > one, one, a)
        return signed(select(a < one, fma(near, p(near * near), near), one - above(a)), x)

    return code
