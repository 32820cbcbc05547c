"""Scalars of a rule on the host: numbers so wide that their float64 is right to the last bit,
although `1 - beta**t` cancels.

A number is a whole one times a power of two, `m * 2**e`, cut to `BITS` bits after every step.
Whole numbers of any size are the same on every machine and in every language, so what is
computed here does not depend on where, and a page can compute it again.

The root or power of a negative is nan, a float, and so is what is computed of it: a side of
`where` may not be taken. What else whole numbers cannot say (inf, a pole, a zero with a sign)
raises ArithmeticError or ValueError: IEEE 754 has the answer then.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache
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


def narrow(x: Wide | bool | float) -> float:
    """The nearest float64. Raises: OverflowError beyond the largest."""
    if not isinstance(x, tuple):
        return float(x)
    m, e = x
    if m.bit_length() + e > 1100:
        raise OverflowError("beyond the largest float")
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


def sqrt(a: Wide) -> Wide | float:
    if a[0] < 0:
        return math.nan
    shift = max(0, 2 * BITS + 2 - a[0].bit_length())
    shift += (a[1] - shift) % 2
    m = a[0] << shift
    root = math.isqrt(m)
    return cut(2 * root + (root * root != m), (a[1] - shift) // 2 - 1)


_powers: dict[Wide, tuple[int, Wide]] = {}


def power(b: Wide, t: Wide) -> Wide | float:
    """b to the power t; a whole one by squares, or by one product from the last of its base."""
    n = t[0] << t[1] if t[1] >= 0 else t[0] >> -t[1]
    if t[1] < 0 and n << -t[1] != t[0]:
        return _by_logarithm(b, t)
    if n < 0:
        return divide(ONE, _by_squares(b, -n))
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


def _by_logarithm(b: Wide, t: Wide) -> Wide | float:
    """exp(t log b). Raises: ZeroDivisionError for 0 to a negative power."""
    if b[0] <= 0:
        return math.nan if b[0] else divide(ONE, b) if t[0] < 0 else ZERO
    exponent = t[0] * _logarithm(b)
    exponent = exponent << t[1] if t[1] >= 0 else exponent >> -t[1]
    whole, rest = divmod(exponent, _LOG_2)
    return cut(_exponential(rest), whole - FIXED)


# Numbers with a fixed point: whole ones, in units of 2**-FIXED.
FIXED = BITS + 64
HALVED = 16  # so often before the series, and squared again after it


def _twice_atanh(top: int, bottom: int) -> int:
    """2 atanh(top / bottom) = log((bottom + top) / (bottom - top)), by its series."""
    z = (top << FIXED) // bottom
    square, term, total, k = z * z >> FIXED, z, 0, 1
    while term not in (0, -1):
        total, term, k = total + term // k, term * square >> FIXED, k + 2
    return 2 * total


_LOG_2 = _twice_atanh(1, 3)


@lru_cache(maxsize=KEPT)
def _logarithm(b: Wide) -> int:
    m, e = b
    n = m.bit_length()
    return (e + n) * _LOG_2 + _twice_atanh(m - (1 << n), m + (1 << n))


def _exponential(x: int) -> int:
    """exp(x), for 0 <= x < log 2."""
    x >>= HALVED
    one = 1 << FIXED
    term, total, k = one, 0, 1
    while term:
        total, term, k = total + term, (term * x >> FIXED) // k, k + 1
    for _ in range(HALVED):
        total = total * total >> FIXED
    return total


def one_minus_power(b: Wide, t: Wide) -> Wide:
    return subtract(ONE, power(b, t))  # type: ignore[arg-type]  # nan is refused there


def _compared(test: Callable[[int, int], bool]) -> Callable[[Any, Any], bool]:
    """A comparison; of nan it never holds."""
    return lambda a, b: float not in (type(a), type(b)) and test(subtract(a, b)[0], 0)


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
    "not_equal": lambda a, b: float in (type(a), type(b)) or subtract(a, b)[0] != 0,
    "where": lambda truth, a, b: a if truth else b,
}
