"""A rule and what tracing makes of it: what is refused, what is shared, what the host does."""

import cProfile
import math
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fusegrad.engine import ROWS
from fusegrad.kernels import WORDS, OptionError, RuleError, lift, trace
from fusegrad.kernels.node import Node
from fusegrad.kernels.words import exp, maximum, where
from fusegrad.optim.adam import adam
from tests.readers_sample import MP

WRITTEN_BY_THE_TRACER = {"one_minus_power", "scale"}
WHOLE_VOCABULARY = " ".join(sorted(set(WORDS) - WRITTEN_BY_THE_TRACER))
VOCABULARY = f"write it with the vocabulary: {WHOLE_VOCABULARY}"
BRANCH = "`if`, `and`, `or`, min or max on an element"
CHOICES = "use where(condition, a, b), maximum(a, b) or minimum(a, b)"
CONSTANTS = "use Python numbers as constants"
MATH = "a function of the math module"
WHERE = "use where(condition, a, b) of fusegrad.kernels.words"
KEYWORD = "pass it as a keyword argument"


def branching(x: Any) -> Any:
    return x if x > 0 else -x


REFUSED: dict[str, tuple[Callable[..., Any], str, str]] = {
    "if": (branching, BRANCH, CHOICES),
    "and": (lambda x: (x > 0) and x, BRANCH, CHOICES),
    "or": (lambda x: x or 1, BRANCH, CHOICES),
    "not": (lambda x: not x, BRANCH, CHOICES),
    "chain": (lambda x: x * (0 < x < 1), BRANCH, CHOICES),
    "min": (lambda x, y: min(x, y), BRANCH, CHOICES),
    "max": (lambda x: max(x, 0), BRANCH, CHOICES),
    "np.where": (lambda x: np.where(x > 0, x, 0), "np.where", WHERE),
    "np.clip": (lambda x: np.clip(x, 0, 1), "np.clip", VOCABULARY),
    "math.exp": (lambda x: math.exp(x), MATH, VOCABULARY),
    "np.cbrt": (lambda x: np.cbrt(x), "np.cbrt", VOCABULARY),
    "shift": (lambda x: x << 2, "np.left_shift", VOCABULARY),
    "reduction": (lambda x: np.add.reduce(x), "np.add", VOCABULARY),
    "np.float64": (lambda x: x * np.float64(2), "float64 np.float64(2.0)", CONSTANTS),
    "np.float64 first": (lambda x: np.float64(2) * x, "float64 np.float64(2.0)", CONSTANTS),
    "text": (lambda x: x + "a", "str 'a'", CONSTANTS),
    "inf": (lambda x: x * -math.inf, "the constant -inf", KEYWORD),
    "nan": (lambda x: x + math.nan, "the constant nan", KEYWORD),
    "few": (lambda x: WORDS["where"](x, 1), "where with 2 arguments", "give it 3"),
    "many": (lambda x: exp(x, x), "exp with 2 arguments", "give it 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_scalar_mathematics_is_refused_by_name(case: str) -> None:
    rule, got, repair = REFUSED[case]
    text = f"rule mine: expected scalar mathematics, got {got}; {repair}"
    with pytest.raises(RuleError, match=f"^{re.escape(text)}$"):
        trace(rule, "mine")


@pytest.mark.parametrize("rule", [lambda x: 3, lambda x, *, a: 2 * a, lambda x: (x, 1)])
def test_an_output_without_elements_is_refused(rule: Callable[..., Any]) -> None:
    text = "rule mine: expected outputs that depend on an element, got a constant; "
    with pytest.raises(RuleError, match=f"^{re.escape(text)}use a positional argument$"):
        lift(rule, "mine")


def test_an_unknown_reader_is_refused() -> None:
    text = "lift: expected reader in numpy, numba, cuda, got 'fortran'; choose one of these"
    with pytest.raises(OptionError, match=f"^{re.escape(text)}$"):
        lift(lambda x: x + 1, reader="fortran")


# ---- nodes --------------------------------------------------------------------------------
def words(rule: Callable[..., Any]) -> list[str]:
    return [n.name for n in trace(rule).words]


def test_the_same_word_on_the_same_arguments_is_one_node() -> None:
    assert words(lambda x, y: (x * y) + (x * y)) == ["multiply", "add"]
    assert words(lambda x, y: (x * y) + (y * x)) == ["multiply", "multiply", "add"]
    assert words(lambda x: np.exp(x) - exp(x)) == ["exp", "subtract"]


def test_the_zeros_stay_apart() -> None:
    program = trace(lambda x: (x + 0.0) * (x + -0.0))
    assert [n.name for n in program.words] == ["add", "add", "multiply"]
    zeros = lift(lambda x, y: maximum(x, 0.0) * 0 + 1 / where(y > 0, 0.0, -0.0))
    assert zeros(np.ones(2), np.array([1.0, -1.0])).tolist() == [np.inf, -np.inf]


def test_a_comparison_is_a_factor_of_1_or_0() -> None:
    step = lift(lambda x, y: (x > y) * x + 2 * (x == y) - (x < y))
    x, y = np.array([3.0, 1.0, 2.0, np.nan]), np.array([1.0, 3.0, 2.0, 0.0])
    expected = [3.0, -1.0, 2.0, np.nan]  # nan compares to nothing, but 0 * nan is nan
    assert np.array_equal(step(x, y), expected, equal_nan=True)
    assert words(lambda x: where(x, 1, 2)) == ["not_equal", "where"]


@pytest.mark.parametrize("one", [1, 1.0, True])
def test_times_1_costs_nothing(one: float) -> None:
    assert words(lambda x: x * one) == words(lambda x: one * x) == []
    assert words(lambda x: (x > 0) * one) == ["greater", "where"]


def test_outputs_are_named_by_their_author() -> None:
    def named(x: Any, y: Any) -> Any:
        total = x + y
        half = total / 2
        return total, half

    assert trace(named).output_names == ("total", "half")
    assert trace(adam).output_names == ("theta", "m", "v")
    assert trace(lambda x: x + 1).output_names == ("y",)
    assert trace(lambda x: (x + 1, x + 2)).output_names == ("y0", "y1")
    assert trace(adam).inputs == ("theta", "g", "m", "v")
    assert trace(adam).scalars == ("t", "alpha", "beta1", "beta2", "eps")


def test_tracing_leaves_the_profiler_as_it_was() -> None:
    sys.setprofile(profiler := lambda *_: None)
    try:
        trace(adam)
        with pytest.raises(RuleError):
            trace(branching)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)


def test_a_profiled_program_may_trace() -> None:
    profile = cProfile.Profile()
    profile.enable()
    try:
        trace(lambda x: x + x)
        sorted([3, 1, 2])
    finally:
        profile.disable()
    seen = {row.code for row in profile.getstats() if isinstance(row.code, str)}
    assert "<built-in method builtins.sorted>" in seen  # it went on after the trace


def test_every_word_is_differentiated_by_a_row() -> None:
    assert set(WORDS) - set(ROWS) == WRITTEN_BY_THE_TRACER


# ---- the host -----------------------------------------------------------------------------
def spelled(node: Node) -> Any:
    return (node.name, *map(spelled, node.args)) if node.args else node.value


def test_scalars_are_hoisted() -> None:
    hoisted = [spelled(n) for n in trace(adam).hoisted]
    assert ("one_minus_power", "beta2", "t") in hoisted
    assert ("subtract", 1, "beta1") in hoisted
    names = {n.name for n in trace(adam).words}
    assert not names & {"power", "one_minus_power"}


def test_scalars_are_computed_in_float64_for_float32_arrays() -> None:
    program = trace(lambda g, *, beta: (1 - beta) * g)
    (value,) = program.host_values({"beta": 0.999})
    assert value == 1 - 0.999
    in_float32 = np.float32(1) - np.float32(0.999)
    assert abs(float(in_float32) / value - 1) > 1e-6  # what the hoisting saves us from
    got = lift(lambda g, *, beta: (1 - beta) * g)(np.ones(1, np.float32), beta=0.999)
    assert got == np.float32(1 - 0.999)


BASES = (0.9, 0.999, 1 - 1e-6, 1 - 1e-10, 1 - 2**-53, 1e-300, 0.0)
STEPS = (1, 2, 10, 1_000_000)
ULPS = 4 * 2.0**-52


def relative_error(got: float, exact: Any) -> float:
    return float(abs(MP.mpf(got) - exact) / exact)


@pytest.mark.parametrize("t", STEPS)
@pytest.mark.parametrize("b", BASES)
def test_bias_correction_does_not_cancel(b: float, t: int) -> None:
    program = trace(lambda m, *, b, t: m / (1 - b**t))
    (got,) = program.host_values({"b": b, "t": t})
    assert relative_error(got, 1 - MP.mpf(b) ** t) <= ULPS


@pytest.mark.parametrize(("b", "t"), [(1 - 1e-6, 2), (1 - 1e-10, 10)])
def test_the_naive_bias_correction_does_cancel(b: float, t: int) -> None:
    assert relative_error(1 - b**t, 1 - MP.mpf(b) ** t) > 100 * ULPS


def test_a_rule_is_still_a_function_of_plain_numbers() -> None:
    settings = {"t": 1, "alpha": 0.5, "beta1": 0.5, "beta2": 0.75, "eps": 0.0}
    theta, m, v = adam(1.0, 4.0, 0.0, 0.0, **settings)
    assert (theta, m, v) == (0.5, 2.0, 4.0)
    assert adam(1.0, 0.0, 0.0, 0.0, **settings) == (1.0, 0.0, 0.0)  # 0 / 0 moves, warns nothing
    assert [WORDS[n](0.0) for n in ("erf", "exp", "log1p")] == [0, 1, 0]
