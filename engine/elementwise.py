"""THE table of elementwise ops: a row is a name, a formula, and the slope of each argument.

A slope names what it reads: the op's arguments, and `y`, its output; nothing else is saved.
`None` is an argument that passes no gradient: a truth value, or a function flat almost
everywhere. `domain` is where the tests draw from: away from poles and kinks.
"""

from __future__ import annotations

from typing import Any

from ..kernels import words as w
from .row import row

REAL, POSITIVE, SHIFTED = (-3.0, 3.0), (0.1, 4.0), (-2.9, 3.1)

# ---- arithmetic ---------------------------------------------------------------------------
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

# ---- exponentials and roots ---------------------------------------------------------------
exp = row("exp", lambda x: w.exp(x), lambda y: y)
expm1 = row("expm1", lambda x: w.expm1(x), lambda y: y + 1)
log = row("log", lambda x: w.log(x), lambda x: 1 / x, domain=POSITIVE)
log1p = row("log1p", lambda x: w.log1p(x), lambda x: 1 / (1 + x), domain=(-0.9, 4.0))
sqrt = row("sqrt", lambda x: w.sqrt(x), lambda y: 0.5 / y, domain=POSITIVE)
erf = row("erf", lambda x: w.erf(x), lambda x: 2 * w.exp(-x * x) / w.sqrt_pi)
erfc = row("erfc", lambda x: w.erfc(x), lambda x: -2 * w.exp(-x * x) / w.sqrt_pi)

# ---- trigonometric and hyperbolic (radians) -----------------------------------------------
sin = row("sin", lambda x: w.sin(x), lambda x: w.cos(x))
cos = row("cos", lambda x: w.cos(x), lambda x: -w.sin(x))
tanh = row("tanh", lambda x: w.tanh(x), lambda y: 1 - y * y)

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

# ---- activations: relu has slope 0 at 0 -----------------------------------------------------


def logistic(x: Any) -> Any:
    """1 / (1 + exp(-x)), through whichever of exp(x) and exp(-x) cannot overflow."""
    e = w.exp(w.where(x >= 0, -x, x))  # -|x| has no slope at 0, this has the right one
    return w.where(x >= 0, 1, e) / (1 + e)


def normal_cdf(x: Any) -> Any:
    """The share of a standard normal below x."""
    return 0.5 * w.erfc(-x / w.sqrt_2)  # 1 + erf would cancel far below 0


def normal_pdf(x: Any) -> Any:
    """The density of a standard normal at x."""
    return w.exp(-0.5 * x * x) / w.sqrt_2pi


sigmoid = row("sigmoid", logistic, lambda y: y * (1 - y))
relu = row("relu", lambda x: w.maximum(x, 0), lambda x: x > 0, domain=POSITIVE)
softplus = row(
    "softplus", lambda x: w.maximum(x, 0) + w.log1p(w.exp(-abs(x))), lambda y: -w.expm1(-y)
)
silu = row(
    "silu", lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * (1 - logistic(x)))
)
gelu = row("gelu", lambda x: x * normal_cdf(x), lambda x: normal_cdf(x) + x * normal_pdf(x))
