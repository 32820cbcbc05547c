"""The one table of functions that a rule may use; nothing outside it may appear in a rule.

A row gives a word's meaning to every reader: NumPy (a ufunc), Numba and C (text with a slot for
each argument), the exact reader (a function of mpmath numbers) and the typesetter (a layout of
`typeset.py`). `simd` says that NumPy has a vector form which LLVM lacks, so that even a large
array is best read by NumPy.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import exact_words as mp


@dataclass(frozen=True, eq=False)
class Word:
    """One function of the vocabulary. `takes` and `gives`: n a number, t a truth value."""

    name: str
    numpy: Callable[..., Any]
    numba: str
    c: str
    exact: Callable[..., Any]
    layout: str = "call"
    takes: str = "n"
    gives: str = "n"
    simd: bool = False

    def __call__(self, *args: Any) -> Any:
        """The word on symbols (recorded), Tensors (differentiated) or arrays (computed)."""
        for x in args:
            if hasattr(x, "apply_word"):
                return x.apply_word(self, args)
        return self.numpy(*args)

    def __repr__(self) -> str:
        return f"<word {self.name}>"


def _of_libm(f: Callable[[float], float]) -> Callable[..., Any]:
    """A function of the C library, one element at a time: NumPy has no erf, and SciPy is no
    dependency."""
    each = np.frompyfunc(f, 1, 1)

    def whole(x: Any) -> Any:
        x = np.asarray(x)
        return np.asarray(each(x), np.result_type(x, np.float16))

    return whole


def _where(truth: Any, x: Any, y: Any) -> Any:
    return np.where(truth, x, y)


def _one_minus_power(b: Any, t: Any) -> Any:
    """1 - b**t without the cancellation near b = 1."""
    return -np.expm1(t * np.log(b)) if b > 0 else 1 - np.power(b, t)


def _ratio(a: Any, b: Any) -> Any:
    with np.errstate(invalid="ignore"):  # at 0 / 0, which is computed but not taken
        quotient = np.divide(a, b)
    return np.where(np.not_equal(a, 0), quotient, a)


def _infix(name: str, f: Any, symbol: str, exact: Any, layout: str, gives: str = "n") -> Word:
    text = f"{{}} {symbol} {{}}"
    return Word(name, f, text, text, exact, layout, "nn", gives)


def _function(name: str, exact: Any, layout: str = "call", simd: bool = True) -> Word:
    """A function of one number that NumPy, Numba and C know by the same name."""
    return Word(
        name, getattr(np, name), f"np.{name}({{}})", f"{name}({{}})", exact, layout, simd=simd
    )


def _select(name: str, f: Any, symbol: str, exact: Any) -> Word:
    """Larger or smaller of two numbers; a NaN on either side wins, which C's fmax forgets."""
    test = f"{{0}} {symbol} {{1}} or {{0}} != {{0}}"
    numba = f"{{0}} if {test} else {{1}}"
    c = f"({test.replace('or', '||')}) ? {{0}} : {{1}}"
    return Word(name, f, numba, c, exact, "call", "nn")


_SIGN_NUMBA = "{0} if {0} != {0} else (T(1) if {0} > T(0) else (T(-1) if {0} < T(0) else T(0)))"
_SIGN_C = "({0} != {0}) ? {0} : T(({0} > T(0)) - ({0} < T(0)))"

WORDS: dict[str, Word] = {
    word.name: word
    for word in (
        _infix("add", np.add, "+", mp.add, "plus"),
        _infix("subtract", np.subtract, "-", mp.subtract, "minus"),
        _infix("multiply", np.multiply, "*", mp.multiply, "times"),
        _infix("divide", np.divide, "/", mp.divide, "fraction"),
        Word("power", np.power, "{} ** {}", "pow({}, {})", mp.power, "power", "nn", simd=True),
        Word("negative", np.negative, "-{}", "-{}", mp.negative, "negative"),
        Word("absolute", np.absolute, "abs({})", "fabs({})", abs, "bars"),
        Word("sign", np.sign, _SIGN_NUMBA, _SIGN_C, mp.sign),
        _function("sqrt", mp.sqrt, "root", simd=False),
        _function("exp", mp.exp, "exp"),
        _function("expm1", mp.expm1),
        _function("log", mp.log),
        _function("log1p", mp.log1p),
        _function("sin", mp.sin),
        _function("cos", mp.cos),
        _function("tanh", mp.tanh),
        Word("erf", _of_libm(math.erf), "math.erf({})", "erf({})", mp.erf),
        Word("erfc", _of_libm(math.erfc), "math.erfc({})", "erfc({})", mp.erfc),
        _select("maximum", np.maximum, ">=", mp.maximum),
        _select("minimum", np.minimum, "<=", mp.minimum),
        _infix("greater", np.greater, ">", mp.greater, "greater", "t"),
        _infix("greater_equal", np.greater_equal, ">=", mp.greater_equal, "atleast", "t"),
        _infix("less", np.less, "<", mp.less, "less", "t"),
        _infix("less_equal", np.less_equal, "<=", mp.less_equal, "atmost", "t"),
        _infix("equal", np.equal, "==", mp.equal, "equals", "t"),
        _infix("not_equal", np.not_equal, "!=", mp.not_equal, "differs", "t"),
        Word(
            "where", _where, "{1} if {0} else {2}", "{0} ? {1} : {2}", mp.where, "cases", "tnn"
        ),
        Word(
            "logical_not", np.logical_not, "not {}", "!{}", operator.not_, takes="t", gives="t"
        ),
        # a / b of an update: 0 / 0 is no move, where plain division would make a NaN of it.
        Word(
            "ratio",
            _ratio,
            "{0} / {1} if {0} != T(0) else {0}",
            "({0} != T(0)) ? T({0} / {1}) : {0}",  # T() for float16, whose quotient is a float
            mp.ratio,
            "fraction",
            "nn",
        ),
        # The tracer writes this word for `1 - b**t` of scalars; it is read on the host only.
        Word(
            "one_minus_power", _one_minus_power, "", "", mp.one_minus_power, "complement", "nn"
        ),
    )
}

BY_UFUNC = {word.numpy: word for word in WORDS.values() if isinstance(word.numpy, np.ufunc)}


@dataclass(frozen=True)
class Constant:
    """A number that every reader knows to its own precision."""

    name: str
    value: float
    exact: Callable[[Any], Any]


CONSTANTS = {
    c.name: c
    for c in (
        Constant("pi", math.pi, lambda mp: +mp.pi),
        Constant("sqrt_2", math.sqrt(2), lambda mp: mp.sqrt(2)),
        Constant("sqrt_pi", math.sqrt(math.pi), lambda mp: mp.sqrt(mp.pi)),
        Constant("sqrt_2pi", math.sqrt(2 * math.pi), lambda mp: mp.sqrt(2 * mp.pi)),
    )
}
