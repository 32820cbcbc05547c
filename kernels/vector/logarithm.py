"""Logarithms: x = 2**e (1 + f) with 1 + f between the roots of 1/2 and 2, so that log(x) =
e log(2) + log(1 + f), where log(1 + f) = f + f**2 p(f)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .exponential import reduction
from .formats import Format
from .instructions import (
    OPTIONS,
    bits,
    both,
    by_type,
    fma,
    left,
    minus,
    number,
    plus,
    polynomial,
    right,
    select,
    size,
)

inline = njit(**OPTIONS)


def parts(F: Format) -> Any:
    """A function of x: the bits of 1 + f, the biased e as a whole number, and e."""
    root = F.T(0.5**0.5).view(F.I)
    lift, mask = F.I(F.T(1).view(F.I) - root), F.I((1 << F.fraction) - 1)
    shift, magic = F.shift, F.magic.view(F.I)
    bias = F.T(F.magic + F.T(F.bias))

    @inline
    def taken_apart(x):
        i = plus(bits(x), lift)
        e = right(i, shift)
        return plus(both(i, mask), root), e, number(plus(e, magic)) - bias

    return taken_apart


def checked(F: Format) -> Any:
    """A function of x and what was computed of it: a logarithm, also of what has none."""
    zero, inf, nan = F.T(0), F.T(np.inf), F.T(np.nan)

    @inline
    def whole(x, y):
        y = select(x < inf, y, x)
        return select(x > zero, y, select(x == zero, -inf, nan))

    return whole


def normal(F: Format) -> Any:
    """A function of x: f and e, also of subnormal x."""
    parted, least = parts(F), F.T(np.finfo(F.T).smallest_normal)
    up, steps, one, zero = F.T(2.0**F.fraction), F.T(F.fraction), F.T(1), F.T(0)

    @inline
    def taken_apart(x):
        is_less = x < least
        m, _, e = parted(select(is_less, x * up, x))
        return number(m) - one, e - select(is_less, steps, zero)

    return taken_apart


@by_type
def log(F: Format) -> Any:
    """The natural logarithm."""
    parted, whole, p, (high, low) = (
        normal(F),
        checked(F),
        polynomial(F.of("LOG"), True),
        F.of("LN2"),
    )

    def code(x):
        f, e = parted(x)
        return whole(x, fma(e, high, f + fma(f * f, p(f), e * low)))

    return code


@by_type
def log1p(F: Format) -> Any:
    """log(1 + x): f = x / 2**e + (1 / 2**e - 1), where e is that of 1 + x."""
    parted, whole, p, (high, low) = (
        parts(F),
        checked(F),
        polynomial(F.of("LOG"), True),
        F.of("LN2"),
    )
    one, quarter, tiny = F.T(1), F.T(0.25), F.T(2.0 ** -(F.fraction + 2))
    top, shift = F.I(2 * F.bias + 2), F.shift

    def code(x):
        u = one + x
        _, e, n = parted(u)
        s = number(left(minus(top, e), shift))  # 4 / 2**e, which is no subnormal
        f = fma(quarter * x, s, fma(quarter, s, -one))
        y = fma(n, high, f + fma(f * f, p(f), n * low))
        return select(size(x) < tiny, x, whole(u, y))

    return code


@by_type
def softplus(F: Format) -> Any:
    """log(1 + e**x) = max(x, 0) + log(1 + e), where e = e**-|x| is no larger than 1, and 2**n
    goes in two halves as in `exp`."""
    reduced, p = reduction(F, 2 * F.bias), polynomial((1.0, 1.0, *F.of("EXP")))
    low, zero, shift, one = F.T(F.exp_low), F.T(0), F.shift, F.I(1)
    q, unit, two = polynomial(F.of("SOFT")), F.T(1), F.T(2)

    def code(x):
        a = -size(x)
        t, r = reduced(select(a < low, low, a))
        half = right(t, one)
        e = p(r) * number(left(half, shift)) * number(left(minus(t, half), shift))
        return select(x < zero, zero, x) + fma(e * e, q(fma(two, e, -unit)), e)

    return code


def to_base(F: Format, octave: tuple[Any, Any], factor: tuple[Any, Any]) -> Any:
    """A function of x: its logarithm to a base of which `octave` is the logarithm of 2, and
    `factor` that of e; each is the sum of two floats."""
    parted, whole, p = normal(F), checked(F), polynomial(F.of("LOG"), True)
    (high, low), (much, little) = octave, factor

    def code(x):
        f, e = parted(x)
        rest = fma(f * f * p(f), much, fma(f, little, e * low))
        return whole(x, fma(e, high, fma(f, much, rest)))

    return code


@by_type
def log2(F: Format) -> Any:
    """The logarithm to base 2, exact at its powers."""
    return to_base(F, (F.T(1), F.T(0)), F.of("LOG2E"))


@by_type
def log10(F: Format) -> Any:
    """The logarithm to base 10."""
    return to_base(F, F.of("LOG10_2"), F.of("LOG10E"))
