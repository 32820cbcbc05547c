"""The vocabulary in mpmath's numbers: what each word means before any rounding.

mpmath is imported on first use: only checks need it. Poles follow IEEE 754 (1/0 is inf, 0/0 is
nan), where mpmath itself would raise, and off the real numbers lies nan.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

DIGITS = 50

add, subtract, multiply = operator.add, operator.sub, operator.mul
negative = operator.neg
greater, greater_equal, less, less_equal = operator.gt, operator.ge, operator.lt, operator.le
equal, not_equal = operator.eq, operator.ne


def context() -> Any:
    """An mpmath context of `DIGITS` digits, made once."""
    global _context
    if _context is None:
        import mpmath

        _context = mpmath.mp.clone()
        _context.dps = DIGITS
    return _context


_context: Any = None


def _call(name: str) -> Callable[[Any], Any]:
    return lambda x: _real(getattr(context(), name)(x))


def _real(x: Any) -> Any:
    return context().nan if isinstance(x, context().mpc) else x


sqrt, exp, expm1, log1p, erf = map(_call, ("sqrt", "exp", "expm1", "log1p", "erf"))
sin, cos, tan, sinh, cosh, tanh = map(_call, ("sin", "cos", "tan", "sinh", "cosh", "tanh"))
arcsin, arccos, arctan = map(_call, ("asin", "acos", "atan"))
arcsinh, arccosh, arctanh = map(_call, ("asinh", "acosh", "atanh"))
floor, ceil, rint = map(_call, ("floor", "ceil", "nint"))


def divide(a: Any, b: Any) -> Any:
    """a / b; a finite number over zero is infinite."""
    return a / b if b != 0 else a * context().inf


def ratio(a: Any, b: Any) -> Any:
    """a / b, and 0 where b is 0; what is no number stays none."""
    return a / b if b != 0 else a * 0


def log(x: Any) -> Any:
    """Natural logarithm; -inf at zero."""
    return _real(context().log(x)) if x != 0 else -context().inf


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), which is x beyond what exp can say."""
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def log2(x: Any) -> Any:
    """Logarithm to base 2; -inf at zero."""
    return log(x) / context().log(2)


def log10(x: Any) -> Any:
    """Logarithm to base 10; -inf at zero."""
    return log(x) / context().log(10)


def power(a: Any, b: Any) -> Any:
    """a to the power b, as C's pow: infinite at the pole, and at infinity as an even power."""
    mp = context()
    if a == 1 or b == 0:  # whatever the other is, nan included
        return mp.mpf(1)
    if a == 0 and b < 0:
        return mp.inf
    if mp.isinf(b) and not mp.isnan(a):
        return mp.mpf(1) if abs(a) == 1 else mp.inf if (abs(a) > 1) == (b > 0) else mp.mpf(0)
    is_even = mp.isinf(a) and not mp.isint(b)
    return _real(mp.power(abs(a) if is_even else a, b))


def erfc(x: Any) -> Any:
    """1 - erf(x); beyond a million it is below any number, and mpmath cannot say so."""
    return context().mpf(0) if x > 10**6 else context().erfc(x)


def lgamma(x: Any) -> Any:
    """log |gamma(x)|; inf at the poles 0, -1, -2, ... and at both infinities."""
    mp = context()
    if mp.isinf(x) or (x <= 0 and mp.isint(x)):
        return mp.inf
    return mp.re(mp.loggamma(x))


def arctan2(a: Any, b: Any) -> Any:
    """The angle of the point (b, a); two infinities count as equal lengths."""
    mp = context()
    if mp.isinf(a) and mp.isinf(b):
        a, b = mp.sign(a), mp.sign(b)
    return mp.nan if mp.isnan(b) else mp.atan2(a, b)


def hypot(a: Any, b: Any) -> Any:
    """sqrt(a**2 + b**2); infinite beside an infinity, even of a nan."""
    mp = context()
    return mp.inf if mp.isinf(a) or mp.isinf(b) else mp.hypot(a, b)


def remainder(a: Any, b: Any) -> Any:
    """a - b * floor(a / b), with the sign of b; nan where that says nothing."""
    mp = context()
    if b == 0 or mp.isinf(a) or mp.isnan(a) or mp.isnan(b):
        return mp.nan
    if mp.isinf(b):
        return b if a * b < 0 else a
    return a % b


def floor_divide(a: Any, b: Any) -> Any:
    """floor(a / b), and a / b where b is 0; nan for an infinite a."""
    mp = context()
    if b == 0:
        return divide(a, b)
    if mp.isinf(b) and mp.isfinite(a):
        return mp.mpf(-1 if a * b < 0 else 0)
    return mp.nint((a - remainder(a, b)) / b)


def sign(x: Any) -> Any:
    """-1, 0 or 1; nan stays nan."""
    return x if context().isnan(x) else context().mpf((x > 0) - (x < 0))


def maximum(a: Any, b: Any) -> Any:
    """The larger; nan wins."""
    return a if a >= b or context().isnan(a) else b


def minimum(a: Any, b: Any) -> Any:
    """The smaller; nan wins."""
    return a if a <= b or context().isnan(a) else b


def where(truth: Any, a: Any, b: Any) -> Any:
    """a where the truth value holds, else b."""
    return a if truth else b


def one_minus_power(b: Any, t: Any) -> Any:
    """1 - b**t."""
    return 1 - context().power(b, t)
