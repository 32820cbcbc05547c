"""Derivatives by the complex step: Im f(x + ih) / h has no difference in it, so that it is
right to the last digits for h as small as 1e-200, wherever f is analytic.

A row is read word by word, from its formula alone, in NumPy's functions of complex numbers.
Other ops run their kernels on complex arrays.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..kernels import Lifted, Word
from ..kernels.node import plain
from .op import Op

H = 1e-200
ANALYTIC = {
    "add", "subtract", "multiply", "divide", "ratio", "power", "negative", "sqrt", "exp",
    "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
}  # fmt: skip
# NumPy compares the real parts and, where they are equal, the imaginary ones: as if x were a
# step to its right, so that every piece of a formula takes the same side of a kink.
ORDER = {
    "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "maximum",
    "minimum", "where", "logical_not", "logical_and", "logical_or", "logical_xor",
}  # fmt: skip
FLAT = {"sign", "floor", "ceil", "rint", "floor_divide"}  # in the real part
PIECES: dict[str, Callable[..., Any]] = {  # of another meaning, or none, for NumPy
    "absolute": lambda x: np.where(np.greater_equal(x, 0), x, -x),
    "remainder": lambda a, b: a - b * np.floor(np.real(a) / np.real(b)),
    "hypot": lambda a, b: np.sqrt(a * a + b * b),
    "arctan2": lambda a, b: np.arctan(a / b),  # for b > 0
    "softplus": lambda x: np.log1p(np.exp(x)),  # of moderate x
}
WORDS = {*ANALYTIC, *ORDER, *FLAT, *PIECES}


def meaning(word: Word) -> Callable[..., Any]:
    """A word on complex numbers; it has one if `WORDS` names it."""
    if word.name in FLAT:
        return lambda *args: word.numpy(*map(np.real, args))
    return word.numpy if word.name in ANALYTIC | ORDER else PIECES[word.name]


def complex_value(op: Op, args: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """The value of an op on complex arrays; None where it has none, or drops what is imaginary.
    Where the op is not analytic it may be wrong: hold it against a difference."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return _value(op, args, params)
    except (ArithmeticError, TypeError, ValueError, np.exceptions.ComplexWarning):
        return None


def _value(op: Op, args: Sequence[Any], params: Mapping[str, Any]) -> Any:
    if not isinstance(op.kernel, Lifted):
        return op.kernel(*args, **params)
    program = op.kernel.program
    if not {word.name for word in program.words} <= WORDS:
        return None
    given = dict(zip(program.inputs, args, strict=True))
    return program.interpret(given, {}, plain, meaning)[0]
