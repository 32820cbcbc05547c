"""Scalars of a rule on the host: numbers so wide that their float64 is right to the last bit,
although `1 - beta**t` cancels.

A number is a whole one times a power of two, `m * 2**e`, cut to `BITS` bits after every step.
Whole numbers of any size are the same on every machine and in every language, so what is
computed here does not depend on where, and a page can compute it again.

What whole numbers cannot say (nan, inf, a pole, a root of a negative, a power that is no whole
one, a zero with a sign) raises ArithmeticError or ValueError: IEEE 754 has the answer then.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

Wide = tuple[int, int]

BITS = 192
ONE: Wide = (1, 0)
ZERO: Wide = (0, 0)
SIGNED = "a zero with a sign"
KEPT = 64  # powers that are remembered, so that the next one is a single product


def cut(m: int, e: int) -> Wide:
    """m * 2**e with BITS bits, towards minus infinity."""
    extra = m.bit_length() - BITS
    return (m >> extra, e + extra) if extra > 0 else (m, e)


def wide(x: Any) -> Wide:
    """A number as it is. Raises: ValueError, ArithmeticError for nan, inf and -0."""
    m, d = float(x).as_integer_ratio()
    if not m and math.copysign(1, x) < 0:
        raise ArithmeticError(SIGNED)
    return m, 1 - d.bit_length()


def narrow(x: Wide | bool) -> float:
    """The nearest float64. Raises: OverflowError beyond the largest."""
    if isinstance(x, bool):
        return float(x)
    m, e = x
    if e >= 0:
        return float(m << e)
    if m.bit_length() + e < -1100:
        return math.copysign(0.0, m)
    return m / (1 << -e)


def add(a: Wide, b: Wide) -> Wide:
    (m, e), (n, f) = (a, b) if a[1] >= b[1] else (b, a)
    if e - f > 2 * BITS and m:  # far below the last bit of the other
        return m, e
    return cut((m << (e - f)) + n, f)


def negative(a: Wide) -> Wide:
    if not a[0]:
        raise ArithmeticError(SIGNED)
    return -a[0], a[1]


def subtract(a: Wide, b: Wide) -> Wide:
    return add(a, (-b[0], b[1]))


def multiply(a: Wide, b: Wide) -> Wide:
    m = a[0] * b[0]
    if not m and (a[0] < 0 or b[0] < 0):
        raise ArithmeticError(SIGNED)
    return cut(m, a[1] + b[1])


def divide(a: Wide, b: Wide) -> Wide:
    """Raises: ZeroDivisionError; ArithmeticError for a zero with a sign."""
    shift = max(0, BITS + b[0].bit_length() - a[0].bit_length() + 1)
    if not a[0] and b[0] < 0:
        raise ArithmeticError(SIGNED)
    m, rest = divmod(a[0] << shift, b[0])
    # A bit below the last says that something was left over, so that no tie is mistaken.
    return cut(2 * m + (rest != 0), a[1] - b[1] - shift - 1)


def sqrt(a: Wide) -> Wide:
    """Raises: ValueError for a negative number."""
    shift = max(0, 2 * BITS + 2 - a[0].bit_length())
    shift += (a[1] - shift) % 2
    m = a[0] << shift
    root = math.isqrt(m)
    return cut(2 * root + (root * root != m), (a[1] - shift) // 2 - 1)


_powers: dict[Wide, tuple[int, Wide]] = {}


def power(b: Wide, t: Wide) -> Wide:
    """A whole power, by squares; or the last one of this base once more times the base.

    Raises: ValueError where the exponent is not whole, or negative.
    """
    n = t[0] << t[1] if t[1] >= 0 else t[0] >> -t[1]
    if n < 0 or (t[1] < 0 and n << -t[1] != t[0]):
        raise ValueError("not a whole power")
    known, value = _powers.get(b, (0, ONE))
    if known != n:
        value = multiply(value, b) if known == n - 1 else _by_squares(b, n)
        if len(_powers) >= KEPT:
            _powers.clear()
        _powers[b] = n, value
    return value


def _by_squares(b: Wide, n: int) -> Wide:
    value = ONE
    for bit in f"{n:b}":
        value = multiply(value, value)
        value = multiply(value, b) if bit == "1" else value
    return value


def one_minus_power(b: Wide, t: Wide) -> Wide:
    return subtract(ONE, power(b, t))


def _compared(test: Callable[[int, int], bool]) -> Callable[[Wide, Wide], bool]:
    return lambda a, b: test(subtract(a, b)[0], 0)


WORDS: dict[str, Callable[..., Any]] = {
    "add": add,
    "subtract": subtract,
    "negative": negative,
    "multiply": multiply,
    "divide": divide,
    "sqrt": sqrt,
    "power": power,
    "one_minus_power": one_minus_power,
    "absolute": lambda a: (abs(a[0]), a[1]),
    "maximum": lambda a, b: a if subtract(a, b)[0] >= 0 else b,
    "minimum": lambda a, b: a if subtract(a, b)[0] <= 0 else b,
    "greater": _compared(operator.gt),
    "greater_equal": _compared(operator.ge),
    "less": _compared(operator.lt),
    "less_equal": _compared(operator.le),
    "equal": _compared(operator.eq),
    "not_equal": _compared(operator.ne),
    "where": lambda truth, a, b: a if truth else b,
}
