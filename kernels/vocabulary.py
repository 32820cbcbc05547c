"""The one table of functions that a rule may use; nothing outside it may appear in a rule.

A row gives a word's meaning to every reader: NumPy (a ufunc), Numba and C (text with a slot
for each argument; `vm` is `vector_math.py`), the exact reader (a function of mpmath numbers)
and the typesetter (a layout of `typeset.py`). `simd` says that NumPy has a vector form which
compiled code lacks, so that even a large array is best read by NumPy; `vector` that compiled
code has a better one; `slow` that NumPy has no form at all, and Python takes the elements.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import exact_words as mp
from . import numpy_words
from .constants import CONSTANTS as CONSTANTS
from .constants import Constant as Constant


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
    slow: bool = False

    @property
    def vector(self) -> bool:
        return self.numba.startswith("vm.")

    def __call__(self, *args: Any) -> Any:
        """The word on symbols (recorded), Tensors (differentiated) or arrays (computed)."""
        for x in args:
            if hasattr(x, "apply_word"):
                return x.apply_word(self, args)
        return self.numpy(*args)

    def __repr__(self) -> str:
        return f"<word {self.name}>"


def _infix(name: str, f: Any, symbol: str, exact: Any, layout: str, gives: str = "n") -> Word:
    text = f"{{}} {symbol} {{}}"
    return Word(name, f, text, text, exact, layout, "nn", gives)


def _function(
    name: str, exact: Any, layout: str = "call", *, takes: str = "n", simd: bool = True
) -> Word:
    """A function that NumPy and Numba know by one name; C says asin for arcsin."""
    numpy, slots = getattr(np, name), ", ".join("{}" for _ in takes)
    c = f"{name.replace('arc', 'a')}({slots})"
    return Word(name, numpy, f"np.{name}({slots})", c, exact, layout, takes, simd=simd)


def _vector(name: str, exact: Any, layout: str = "call", f: Any = None) -> Word:
    """A function of `vector_math.py`; NumPy's of the same name, or one that says what it is."""
    numpy = f or getattr(np, name)
    return Word(
        name, numpy, f"vm.{name}({{}})", f"{name}({{}})", exact, layout, slow=f is not None
    )


def _by_libm(name: str, f: Callable[[float], float], exact: Any) -> Word:
    return Word(
        name, numpy_words.of_libm(f), f"math.{name}({{}})", f"{name}({{}})", exact, slow=True
    )


def _logical(name: str, numba: str, c: str, exact: Any, layout: str) -> Word:
    f, texts = getattr(np, f"logical_{name}"), (f"{{}} {numba} {{}}", f"{{}} {c} {{}}")
    return Word(f"logical_{name}", f, texts[0], texts[1], exact, layout, "tt", "t")


def _select(name: str, f: Any, symbol: str, exact: Any) -> Word:
    """Larger or smaller of two numbers; a NaN on either side wins, which C's fmax forgets."""
    test = f"{{0}} {symbol} {{1}} or {{0}} != {{0}}"
    numba = f"{{0}} if {test} else {{1}}"
    c = f"({test.replace('or', '||')}) ? {{0}} : {{1}}"
    return Word(name, f, numba, c, exact, "call", "nn")


_SIGN_NUMBA = "{0} if {0} != {0} else (T(1) if {0} > T(0) else (T(-1) if {0} < T(0) else T(0)))"
_SIGN_C = "({0} != {0}) ? {0} : T(({0} > T(0)) - ({0} < T(0)))"

# Division with a remainder of the divisor's sign, through fmod, which is exact but takes the
# sign of the dividend: `_ODD` where that is the wrong one. The quotient is rounded, since the
# division may just miss a whole number. For Numba, then for C.
_ODD = "(fmod({0}, {1}) < T(0)) != ({1} < T(0))"
_QUOTIENT = "rint(({0} - fmod({0}, {1})) / {1})"
_REMAINDER = (
    "(T(-0.0) if {1} < T(0) else T(0)) if fmod({0}, {1}) == T(0) "
    f"else fmod({{0}}, {{1}}) + ({{1}} if {_ODD} else T(0))",
    "(fmod({0}, {1}) == T(0)) ? T({1} < T(0) ? -0.0 : 0.0) "
    f": T(fmod({{0}}, {{1}}) + ({_ODD} ? T({{1}}) : T(0)))",
)
_FLOOR_DIVIDE = (
    "{0} / {1} if {0} == T(0) or {1} == T(0) "
    f"else np.{_QUOTIENT} + (T(-1) if fmod({{0}}, {{1}}) != T(0) and {_ODD} else T(0))",
    "({0} == T(0) || {1} == T(0)) ? T({0} / {1}) "
    f": T({_QUOTIENT} + ((fmod({{0}}, {{1}}) != T(0) && {_ODD}) ? T(-1) : T(0)))",
)


def _division(name: str, numba: str, c: str, exact: Any, layout: str) -> Word:
    text = numba.replace("fmod", "np.fmod")
    return Word(name, getattr(np, name), text, c, exact, layout, "nn")


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
        _vector("exp", mp.exp, "exp"),
        _vector("expm1", mp.expm1),
        _vector("log", mp.log),
        _vector("log1p", mp.log1p),
        _vector("log2", mp.log2),
        _vector("log10", mp.log10),
        _function("sin", mp.sin),
        _function("cos", mp.cos),
        _function("tan", mp.tan),
        _function("arcsin", mp.arcsin),
        _function("arccos", mp.arccos),
        _function("arctan", mp.arctan),
        _function("arctan2", mp.arctan2, takes="nn"),
        _vector("sinh", mp.sinh),
        _vector("cosh", mp.cosh),
        _vector("tanh", mp.tanh),
        _function("arcsinh", mp.arcsinh),
        _function("arccosh", mp.arccosh),
        _function("arctanh", mp.arctanh),
        _function("hypot", mp.hypot, takes="nn", simd=False),
        _vector("erf", mp.erf, f=numpy_words.of_libm(math.erf)),
        _vector("erfc", mp.erfc, f=numpy_words.of_libm(math.erfc)),
        Word(
            "softplus",
            numpy_words.softplus,
            "vm.softplus({0})",
            "T(({0} > T(0) ? {0} : T(0)) + T(log1p(exp(-fabs({0})))))",
            mp.softplus,
        ),
        _by_libm("lgamma", numpy_words.lgamma, mp.lgamma),
        _function("floor", mp.floor, "floor", simd=False),
        _function("ceil", mp.ceil, "ceil", simd=False),
        _function("rint", mp.rint, simd=False),
        _division("remainder", *_REMAINDER, mp.remainder, "call"),
        _division("floor_divide", *_FLOOR_DIVIDE, mp.floor_divide, "quotient"),
        _select("maximum", np.maximum, ">=", mp.maximum),
        _select("minimum", np.minimum, "<=", mp.minimum),
        _infix("greater", np.greater, ">", mp.greater, "greater", "t"),
        _infix("greater_equal", np.greater_equal, ">=", mp.greater_equal, "atleast", "t"),
        _infix("less", np.less, "<", mp.less, "less", "t"),
        _infix("less_equal", np.less_equal, "<=", mp.less_equal, "atmost", "t"),
        _infix("equal", np.equal, "==", mp.equal, "equals", "t"),
        _infix("not_equal", np.not_equal, "!=", mp.not_equal, "differs", "t"),
        Word(
            "where",
            numpy_words.where,
            "{1} if {0} else {2}",
            "{0} ? {1} : {2}",
            mp.where,
            "cases",
            "tnn",
        ),
        Word(
            "logical_not", np.logical_not, "not {}", "!{}", operator.not_, takes="t", gives="t"
        ),
        _logical("and", "and", "&&", operator.and_, "and"),
        _logical("or", "or", "||", operator.or_, "or"),
        _logical("xor", "!=", "!=", operator.xor, "xor"),
        # a / b of an update: over 0 it is no move, where division would make a NaN or inf of
        # it. A square that underflowed is such a 0. What is no number stays none, hence a * b.
        Word(
            "ratio",
            numpy_words.ratio,
            "{0} / {1} if {1} != T(0) else {0} * {1}",
            "({1} != T(0)) ? T({0} / {1}) : T({0} * {1})",  # T() for float16
            mp.ratio,
            "fraction",
            "nn",
        ),
        # The tracer writes this word for the product of a scalar and a state that an update
        # renews: the scalar stays float64 and only the product is rounded. A float32 beta2
        # would let the state fade at a rate that is wrong by 1e-8 at every step. `h0_` is the
        # host's h0. Other products do without: to widen and to round an element takes longer
        # than a division.
        Word(
            "scale",
            numpy_words.scale,
            "T({0}_ * {1})",
            "T({0}_ * {1})",
            mp.multiply,
            "times",
            "nn",
        ),
        # The tracer writes this word for `1 - b**t` of scalars; it is read on the host only.
        Word(
            "one_minus_power",
            numpy_words.one_minus_power,
            "",
            "",
            mp.one_minus_power,
            "complement",
            "nn",
        ),
    )
}

BY_UFUNC = {word.numpy: word for word in WORDS.values() if isinstance(word.numpy, np.ufunc)}
