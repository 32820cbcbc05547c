"""exp and what is made of it.

x = n log(2) + r, so that exp(x) = 2**n exp(r), where r is at most log(2) / 2 on either side of
0 and exp(r) = 1 + r + r**2 q(r). 2**n is written as bits.
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


def reduction(F: Format, steps: int) -> Any:
    """A function of x: t, whose last bits are n + `steps`, and r."""
    (log2e, _), (high, low) = F.of("LOG2E"), F.of("LN2")
    magic = F.T(F.magic + F.T(steps))

    @inline
    def reduced(x):
        t = fma(x, log2e, magic)
        n = t - magic
        return bits(t), fma(n, -low, fma(n, -high, x))

    return reduced


def less_one(F: Format) -> Any:
    """A function of r: exp(r) - 1."""
    q = polynomial(F.of("EXP"))

    @inline
    def rest(r):
        return fma(r * r, q(r), r)

    return rest


@by_type
def exp(F: Format) -> Any:
    """e**x. 2**n goes in two halves: gradually into the subnormals, and beyond the largest."""
    reduced, p = reduction(F, 2 * F.bias), polynomial((1.0, 1.0, *F.of("EXP")))
    low, high, shift, one = F.T(F.exp_low), F.T(F.exp_high), F.shift, F.I(1)

    def code(x):
        x = select(x > high, high, x)
        t, r = reduced(select(x < low, low, x))
        half = right(t, one)
        return p(r) * number(left(half, shift)) * number(left(minus(t, half), shift))

    return code


@by_type
def expm1(F: Format) -> Any:
    """e**x - 1 = 2**n (exp(r) - 1) + (2**n - 1), halved on the way lest 2**n overflow."""
    reduced, rest = reduction(F, F.bias - 1), less_one(F)
    low, high, shift = F.T(-F.fraction - 3.0), F.T(F.exp_high), F.shift
    half, two, tiny = F.T(0.5), F.T(2), F.T(2.0 ** -(F.fraction + 2))

    def code(x):
        near = select(x > high, high, x)
        t, r = reduced(select(near < low, low, near))
        s = number(left(t, shift))
        return select(size(x) < tiny, x, two * fma(s, rest(r), s - half))

    return code


@by_type
def tanh(F: Format) -> Any:
    """(e**2a - 1) / (e**2a + 1) of a = |x|."""
    reduced, rest = reduction(F, F.bias), less_one(F)
    high, shift, one, two = F.T(F.fraction), F.shift, F.T(1), F.T(2)

    def code(x):
        a = two * size(x)
        t, r = reduced(select(a > high, high, a))
        s = number(left(t, shift))
        e = fma(s, rest(r), s - one)
        return signed(e / (e + two), x)

    return code


@by_type
def sinh(F: Format) -> Any:
    """m + m / (2 m + 1) of m = (e**a - 1) / 2, a = |x|; m is halved on the way, twice."""
    reduced, rest = reduction(F, F.bias - 2), less_one(F)
    high, large, shift = F.T(F.sinh_high), F.T(2.0**F.fraction), F.shift
    quarter, one, two, tiny = F.T(0.25), F.T(1), F.T(2), F.T(2.0 ** -(F.fraction + 2))

    def code(x):
        a = size(x)
        t, r = reduced(select(a > high, high, a))
        s = number(left(t, shift))
        m = two * fma(s, rest(r), s - quarter)
        near = select(m > large, large, m)
        y = signed(m + near / fma(two, near, one), x)
        return select(a < tiny, x, y)

    return code


@by_type
def cosh(F: Format) -> Any:
    """m + 1 / (4 m) of m = e**a / 2, a = |x|; m is halved on the way."""
    reduced, p = reduction(F, F.bias - 2), polynomial((1.0, 1.0, *F.of("EXP")))
    high, shift, quarter, two = F.T(F.sinh_high), F.shift, F.T(0.25), F.T(2)

    def code(x):
        a = size(x)
        t, r = reduced(select(a > high, high, a))
        m = two * (p(r) * number(left(t, shift)))
        return m + quarter / m

    return code
