"""Scalars of the host are right to the last bit: against mpmath at 200 digits."""

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fusegrad.kernels import wide
from fusegrad.kernels.host import IEEE, HostSide
from fusegrad.kernels.tracer import trace
from fusegrad.kernels.words import sqrt, where

MP = mpmath.mp.clone()
MP.dps = 200
numbers = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda x: x != 0 or math.copysign(1, x) > 0
)
fractions = st.floats(0, 1, exclude_max=True, allow_subnormal=False).map(abs)


def nearest(x: Any) -> float:
    """The float64 next to a number of mpmath, half to even, denormals included."""
    sign, man, exp, _ = x._mpf_
    return float(Fraction((-1) ** sign * int(man)) * Fraction(2) ** int(exp))


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
@given(a=numbers, b=numbers)
def test_a_step_is_right_to_the_last_bit(name: str, a: float, b: float) -> None:
    f = {"add": MP.fadd, "subtract": MP.fsub, "multiply": MP.fmul, "divide": MP.fdiv}[name]
    try:
        got = wide.narrow(wide.WORDS[name](wide.wide(a), wide.wide(b)))
    except ArithmeticError:  # beyond the largest float, a pole, a zero with a sign
        with np.errstate(all="ignore"):
            ieee = getattr(np, name)(np.float64(a), np.float64(b))
        assert not math.isfinite(ieee) or ieee == 0
        return
    assert got == nearest(f(MP.mpf(a), MP.mpf(b)))


@given(b=st.floats(1e-300, 1e300), t=st.floats(-50, 50))
def test_a_power_is_right_to_the_last_bit(b: float, t: float) -> None:
    exact = MP.power(MP.mpf(b), MP.mpf(t))
    if 1e-307 < exact < 1e307:
        assert wide.narrow(wide.power(wide.wide(b), wide.wide(t))) == nearest(exact)


@pytest.mark.parametrize(("b", "t"), [(-2.0, 3.0), (-2.0, -3.0), (0.0, 0.0), (0.0, 0.5)])
def test_a_power_of_a_negative_or_zero_is_that_of_ieee(b: float, t: float) -> None:
    assert wide.narrow(wide.power(wide.wide(b), wide.wide(t))) == b**t


def test_a_side_that_is_not_taken_may_be_no_number() -> None:
    def rule(g, *, a):  # type: ignore[no-untyped-def]
        return g * where(a > 0, a**0.5, where(sqrt(a) != sqrt(a), 2 * a, a ** sqrt(a)))

    program = trace(rule)
    assert program.host_values({"a": 4.0}) == [2.0]
    assert program.host_values({"a": -4.0}) == [-8.0]


@given(a=numbers.filter(lambda x: x >= 0))
def test_a_root_is_right_to_the_last_bit(a: float) -> None:
    assert wide.narrow(wide.sqrt(wide.wide(a))) == math.sqrt(a)


@given(b=fractions, t=st.integers(0, 10**7))
def test_a_bias_correction_is_right_to_the_last_bit(b: float, t: int) -> None:
    program = trace(lambda m, *, b, t: m * (1 - b**t))
    (got,) = program.host_values({"b": b, "t": t})
    assert got == nearest(1 - MP.mpf(b) ** t)


def test_the_next_power_is_one_product_from_the_last() -> None:
    """Ten thousand steps in a row end where squares alone would."""
    b = wide.wide(0.999)
    for t in range(10_000):
        value = wide.power(b, (t, 0))
    wide._powers.clear()
    assert wide.narrow(value) == wide.narrow(wide.power(b, (9_999, 0)))


@pytest.mark.parametrize("b", [0.9, 1 - 1e-12, 1 - 2**-53])
def test_a_whole_rule_is_rounded_once(b: float) -> None:
    program = trace(lambda m, *, b, alpha, t: m * (alpha * ((1 - b**t) / (1 - b)) ** 2))
    for t in (1, 2, 3, 100, 12_345):
        (got,) = program.host_values({"b": b, "alpha": 1e-3, "t": t})
        x = MP.mpf(b)
        assert got == nearest(MP.mpf(1e-3) * ((1 - x**t) / (1 - x)) ** 2)


@given(a=numbers, b=numbers)
def test_comparisons_are_those_of_floats(a: float, b: float) -> None:
    assume(a != b)
    for name in ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"):
        word = wide.WORDS[name]
        assert word(wide.wide(a), wide.wide(b)) == bool(getattr(np, name)(a, b))
        assert word(wide.wide(a), wide.wide(a)) == bool(getattr(np, name)(a, a))
    assert wide.narrow(wide.WORDS["maximum"](wide.wide(a), wide.wide(b))) == max(a, b)
    assert wide.narrow(wide.WORDS["minimum"](wide.wide(a), wide.wide(b))) == min(a, b)


POLES = [(1.0, 3, math.inf), (math.nan, 3, math.nan), (math.inf, 3, -0.0), (0.5, -1, -1.0)]


@pytest.mark.parametrize(("b", "t", "wanted"), POLES)
def test_poles_are_those_of_ieee(b: float, t: int, wanted: float) -> None:
    program = trace(lambda m, *, b, t: m * (1 / (1 - b**t)))
    (got,) = program.host_values({"b": b, "t": t})
    assert np.array_equal([got], [wanted], equal_nan=True)


def test_a_word_that_whole_numbers_lack_is_computed_in_the_longest_float() -> None:
    program = trace(lambda m, *, a: m * np.exp(a))
    assert HostSide(program.hoisted).wide is None
    assert program.host_values({"a": 1.0}) == [IEEE.narrow(np.exp(np.longdouble(1)))]


def test_a_zero_keeps_its_sign() -> None:
    program = trace(lambda m, *, a, b: m * a + a * b)
    for a, b in ((-0.0, 1.0), (0.0, -1.0)):
        values = program.host_values({"a": a, "b": b})
        assert all(math.copysign(1, x) == -1 for x in values[-1:])
