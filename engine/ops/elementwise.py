"""THE table of elementwise ops: a row is a name, a formula, and the slope of each argument.

A slope names what it reads: the op's arguments, and `y`, its output; nothing else is saved.
`None` is an argument that passes no gradient: a truth value, or a function flat almost
everywhere. `domain` is where the tests draw from: away from poles and kinks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels import words as w
from ..row import row

REAL, POSITIVE, SHIFTED, UNIT = (-3.0, 3.0), (0.1, 4.0), (-2.9, 3.1), (-0.9, 0.9)

# ---- arithmetic -----------------------------------------------------------------------------
add = row("add", lambda a, b: a + b, lambda: 1, lambda: 1)
subtract = row("subtract", lambda a, b: a - b, lambda: 1, lambda: -1)
multiply = row("multiply", lambda a, b: a * b, lambda b: b, lambda a: a)
divide = row(
    "divide", lambda a, b: a / b, lambda b: 1 / b, lambda y, b: -y / b, domain=(REAL, POSITIVE)
)
# The bare slopes would be nan at 0 ** 0 and where a = 0. They stand aside for 1 there, inside
# the formula, so that derivatives of the slopes are finite as well.
power = row(
    "power",
    lambda a, b: a**b,
    lambda a, b: b * w.where(b == 0, w.where(a == 0, 1, a), a) ** (b - 1),
    lambda y, a: w.where(a == 0, 0, y * w.log(w.where(a == 0, 1, a))),
    domain=(POSITIVE, REAL),
)
negative = row("negative", lambda x: -x, lambda: -1)
ratio = row(
    "ratio",
    lambda a, b: w.ratio(a, b),
    lambda b: w.where(b == 0, 0, 1 / w.where(b == 0, 1, b)),
    lambda y, b: -w.ratio(y, b),
    domain=(REAL, POSITIVE),
)
reciprocal = row("reciprocal", lambda x: 1 / x, lambda y: -y * y, domain=POSITIVE)
square = row("square", lambda x: x * x, lambda x: 2 * x)
addcmul = row("addcmul", lambda x, a, b: x + a * b, lambda: 1, lambda b: b, lambda a: a)
lerp = row(
    "lerp",
    lambda start, end, weight: start + weight * (end - start),
    lambda weight: 1 - weight,
    lambda weight: weight,
    lambda start, end: end - start,
)
# Whole quotients, rounded down; what is left has the sign of b.
floor_divide = row(
    "floor_divide", lambda a, b: w.floor_divide(a, b), None, None, domain=(REAL, POSITIVE)
)
remainder = row(
    "remainder",
    lambda a, b: w.remainder(a, b),
    lambda: 1,
    lambda a, b: -w.floor_divide(a, b),
    domain=(REAL, POSITIVE),
)


# ---- exponentials, logarithms and roots -----------------------------------------------------
def logistic(x: Any) -> Any:
    """1 / (1 + exp(-x)), through whichever of exp(x) and exp(-x) cannot overflow."""
    # -|x| has no slope at 0, this has the right one; 0 - x is a float where -x would wrap.
    e = w.exp(w.where(x >= 0, 0 - x, x))
    return w.where(x >= 0, 1, e) / (1 + e)


def apart(a: Any, b: Any) -> Any:
    """a - b, and 0 between equal infinities: all others that are equal are 0 apart."""
    d = a - b
    return w.where(w.logical_and(a == b, d != 0), 0, d)


def logaddexp_of(a: Any, b: Any) -> Any:
    """log(exp(a) + exp(b)), which overflows nowhere."""
    high = w.maximum(a, b)
    return high + w.log1p(w.exp(0 - apart(high, w.minimum(a, b))))


exp = row("exp", lambda x: w.exp(x), lambda y: y)
expm1 = row("expm1", lambda x: w.expm1(x), lambda y: y + 1)
log = row("log", lambda x: w.log(x), lambda x: 1 / x, domain=POSITIVE)
log1p = row("log1p", lambda x: w.log1p(x), lambda x: 1 / (1 + x), domain=(-0.9, 4.0))
log2 = row("log2", lambda x: w.log2(x), lambda x: 1 / (x * w.log_2), domain=POSITIVE)
log10 = row("log10", lambda x: w.log10(x), lambda x: 1 / (x * w.log_10), domain=POSITIVE)
logaddexp = row(
    "logaddexp",
    logaddexp_of,
    lambda a, b: logistic(apart(a, b)),
    lambda a, b: logistic(apart(b, a)),
)
sqrt = row("sqrt", lambda x: w.sqrt(x), lambda y: 0.5 / y, domain=POSITIVE)
rsqrt = row("rsqrt", lambda x: 1 / w.sqrt(x), lambda y: -0.5 * y * y * y, domain=POSITIVE)
# At (0, 0), the tip of a cone, both slopes are 0.
hypot = row(
    "hypot",
    lambda a, b: w.hypot(a, b),
    lambda y, a: w.ratio(a, y),
    lambda y, b: w.ratio(b, y),
)


# ---- trigonometric and hyperbolic (radians) -------------------------------------------------
sin = row("sin", lambda x: w.sin(x), lambda x: w.cos(x))
cos = row("cos", lambda x: w.cos(x), lambda x: -w.sin(x))
tan = row("tan", lambda x: w.tan(x), lambda y: 1 + y * y, domain=(-1.3, 1.3))
arcsin = row(
    "arcsin", lambda x: w.arcsin(x), lambda x: 1 / w.sqrt((1 - x) * (1 + x)), domain=UNIT
)
arccos = row(
    "arccos", lambda x: w.arccos(x), lambda x: -1 / w.sqrt((1 - x) * (1 + x)), domain=UNIT
)
arctan = row("arctan", lambda x: w.arctan(x), lambda x: 1 / (1 + x * x))
# The angle of the point (b, a). It jumps at (0, 0), where `ratio` makes both slopes 0.
arctan2 = row(
    "arctan2",
    lambda a, b: w.arctan2(a, b),
    lambda a, b: w.ratio(w.ratio(b, w.hypot(a, b)), w.hypot(a, b)),
    lambda a, b: -w.ratio(w.ratio(a, w.hypot(a, b)), w.hypot(a, b)),
    domain=(REAL, POSITIVE),
)
sinh = row("sinh", lambda x: w.sinh(x), lambda x: w.cosh(x))
cosh = row("cosh", lambda x: w.cosh(x), lambda x: w.sinh(x))
tanh = row("tanh", lambda x: w.tanh(x), lambda y: 1 - y * y)
# No square that overflows; and two roots, so that the slope is nan wherever the value is.
arcsinh = row("arcsinh", lambda x: w.arcsinh(x), lambda x: 1 / w.hypot(x, 1))
arccosh = row(
    "arccosh",
    lambda x: w.arccosh(x),
    lambda x: 1 / (w.sqrt(x - 1) * w.sqrt(x + 1)),
    domain=(1.2, 4.0),
)
arctanh = row("arctanh", lambda x: w.arctanh(x), lambda x: 1 / ((1 - x) * (1 + x)), domain=UNIT)

# ---- choice: |x| has slope 0 at 0, and a tie of max or min is shared in halves --------------
absolute = row("absolute", lambda x: abs(x), lambda x: w.sign(x), domain=POSITIVE)
sign = row("sign", lambda x: w.sign(x), None, domain=POSITIVE)
maximum = row(
    "maximum",
    lambda a, b: w.maximum(a, b),
    lambda a, b: w.where(a > b, 1, w.where(a == b, 0.5, 0)),
    lambda a, b: w.where(b > a, 1, w.where(a == b, 0.5, 0)),
    domain=(REAL, SHIFTED),
)
minimum = row(
    "minimum",
    lambda a, b: w.minimum(a, b),
    lambda a, b: w.where(a < b, 1, w.where(a == b, 0.5, 0)),
    lambda a, b: w.where(b < a, 1, w.where(a == b, 0.5, 0)),
    domain=(REAL, SHIFTED),
)
# Inside and on its bounds x passes its gradient; outside, the bound does that took its place.
_clip = row(
    "clip",
    lambda x, low, high: w.minimum(w.maximum(x, low), high),
    lambda x, low, high: w.logical_and(low <= x, x <= high),
    lambda x, low, high: w.logical_and(x < low, low <= high),
    lambda x, low, high: w.logical_or(x > high, low > high),
    domain=(REAL, (-2.5, -1.5), (0.0, 0.6)),
)
where = row(
    "where",
    lambda condition, a, b: w.where(condition, a, b),
    None,
    lambda condition: condition != 0,
    lambda condition: condition == 0,
)
greater = row("greater", lambda a, b: a > b, None, None, domain=(REAL, SHIFTED))
greater_equal = row("greater_equal", lambda a, b: a >= b, None, None, domain=(REAL, SHIFTED))
less = row("less", lambda a, b: a < b, None, None, domain=(REAL, SHIFTED))
less_equal = row("less_equal", lambda a, b: a <= b, None, None, domain=(REAL, SHIFTED))
equal = row("equal", lambda a, b: a == b, None, None, domain=(REAL, SHIFTED))
not_equal = row("not_equal", lambda a, b: a != b, None, None, domain=(REAL, SHIFTED))
logical_not = row("logical_not", lambda a: w.logical_not(a), None)
logical_and = row("logical_and", lambda a, b: w.logical_and(a, b), None, None)
logical_or = row("logical_or", lambda a, b: w.logical_or(a, b), None, None)
logical_xor = row("logical_xor", lambda a, b: w.logical_xor(a, b), None, None)
# 0 times anything but a finite number is nan, which differs from all and from itself.
isnan = row("isnan", lambda x: x != x, None)
isinf = row("isinf", lambda x: w.logical_and(x == x, x * 0 != 0), None)
isfinite = row("isfinite", lambda x: x * 0 == 0, None)

# ---- to whole numbers: flat almost everywhere; halves go to the even one --------------------
floor = row("floor", lambda x: w.floor(x), None)
ceil = row("ceil", lambda x: w.ceil(x), None)
rint = row("rint", lambda x: w.rint(x), None)


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    """x, or the bound that it exceeds; None is no bound. On a bound the gradient is x's."""
    whole = getattr(x, "dtype", np.dtype(float)).kind != "f"
    if whole and (low is None or high is None):  # infinity would make floats of them
        x = x if high is None else minimum(x, high)
        return x if low is None else maximum(x, low)
    return _clip(x, -np.inf if low is None else low, np.inf if high is None else high)
