"""Activations: rows of the elementwise table that layers end in.

Each is finite, as its slope is, however large its argument. Parameters are arguments with a
default: they have slopes too, so that a learned one needs no other row.
"""

from __future__ import annotations

from typing import Any

from ...kernels import OptionError
from ...kernels import words as w
from ..row import row
from .elementwise import POSITIVE, REAL, logistic

RATE, ABOVE_0 = (0.01, 0.5), (0.5, 2.0)


def nonpositive(x: Any) -> Any:
    """x where it is at most 0, else 0: what exp may be taken of. The slope at 0 is 1."""
    return w.where(x > 0, 0, x)


# ---- straight pieces: the slope at a kink is that of the flatter side -----------------------
relu = row("relu", lambda x: w.maximum(x, 0), lambda x: x > 0, domain=POSITIVE)
relu6 = row(
    "relu6",
    lambda x: w.minimum(w.maximum(x, 0), 6),
    lambda x: w.logical_and(x > 0, x < 6),
    domain=(-2.0, 8.0),
)
leaky_relu = row(
    "leaky_relu",
    lambda x, negative_slope=0.01: w.where(x > 0, x, negative_slope * x),
    lambda x, negative_slope: w.where(x > 0, 1, negative_slope),
    lambda x: nonpositive(x),
    domain=(REAL, RATE),
)
# As `clip`, but on a bound it is the bound that passes the gradient.
hardtanh = row(
    "hardtanh",
    lambda x, low=-1.0, high=1.0: w.minimum(w.maximum(x, low), high),
    lambda x, low, high: w.logical_and(low < x, x < high),
    lambda x, low, high: w.logical_and(x <= low, low <= high),
    lambda x, low, high: w.logical_or(x >= high, low > high),
    domain=(REAL, (-2.5, -1.5), (0.0, 0.6)),
)
hardsigmoid = row(
    "hardsigmoid",
    lambda x: w.minimum(w.maximum(x + 3, 0), 6) / 6,
    lambda x: w.where(w.logical_and(x > -3, x < 3), 1 / 6, 0),
    domain=(-5.0, 5.0),
)
hardswish = row(
    "hardswish",
    lambda x: x * (w.minimum(w.maximum(x + 3, 0), 6) / 6),
    lambda x: w.where(x <= -3, 0, w.where(x < 3, x / 3 + 0.5, 1)),
    domain=(-5.0, 5.0),
)
softshrink = row(
    "softshrink",
    lambda x, lambd=0.5: w.minimum(x + lambd, 0) + w.maximum(x - lambd, 0),
    lambda x, lambd: abs(x) > lambd,
    lambda x, lambd: w.where(abs(x) > lambd, -w.sign(x), 0),
    domain=(REAL, ABOVE_0),
)
hardshrink = row(
    "hardshrink",
    lambda x, lambd=0.5: x * (abs(x) > lambd),
    lambda x, lambd: abs(x) > lambd,
    None,
    domain=(REAL, ABOVE_0),
)

# ---- exponential ----------------------------------------------------------------------------
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717

sigmoid = row("sigmoid", logistic, lambda y: y * (1 - y))
softplus = row("softplus", lambda x: w.softplus(x), lambda y: -w.expm1(-y))
logsigmoid = row("logsigmoid", lambda x: 0 - w.softplus(0 - x), lambda y: -w.expm1(y))
softsign = row(
    "softsign", lambda x: x / (1 + abs(x)), lambda x: 1 / ((1 + abs(x)) * (1 + abs(x)))
)
tanhshrink = row("tanhshrink", lambda x: x - w.tanh(x), lambda x: w.tanh(x) * w.tanh(x))
elu = row(
    "elu",
    lambda x, alpha=1.0: w.where(x > 0, x, alpha * w.expm1(nonpositive(x))),
    lambda x, alpha: w.where(x > 0, 1, alpha * w.exp(nonpositive(x))),
    lambda x: w.expm1(nonpositive(x)),
    domain=(REAL, ABOVE_0),
)
selu = row(
    "selu",
    lambda x: SELU_SCALE * w.where(x > 0, x, SELU_ALPHA * w.expm1(nonpositive(x))),
    lambda x: SELU_SCALE * w.where(x > 0, 1, SELU_ALPHA * w.exp(nonpositive(x))),
)
celu = row(
    "celu",
    lambda x, alpha=1.0: w.where(x > 0, x, alpha * w.expm1(nonpositive(x) / alpha)),
    lambda x, alpha: w.exp(nonpositive(x) / alpha),
    lambda x, alpha: (
        w.expm1(nonpositive(x) / alpha) - nonpositive(x) / alpha * w.exp(nonpositive(x) / alpha)
    ),
    domain=(REAL, ABOVE_0),
)

# ---- x times a gate -------------------------------------------------------------------------


def normal_cdf(x: Any) -> Any:
    """The share of a standard normal below x."""
    return 0.5 * w.erfc((0 - x) * w.sqrt_half)  # 1 + erf would cancel far below 0


def normal_pdf(x: Any) -> Any:
    """The density of a standard normal at x."""
    return w.exp(-0.5 * (x * x)) * w.bell


NEAR = 2e-4  # where y may be a subnormal number, which lost digits, in float16


def gelu_slope(x: Any, y: Any) -> Any:
    """The slope of y = x P(x), which is P(x) + x p(x), where P(x) = y / x costs no erfc."""
    near = 0.5 + x * (1 - x * x * (1 / 6)) * w.bell
    return w.where(abs(x) <= NEAR, near, y / x) + x * normal_pdf(x)


CUBIC = 0.044715


def tanh_gate(x: Any) -> Any:
    """(1 + tanh(u)) / 2, which is logistic(2 u), of u = sqrt(2 / pi) (x + 0.044715 x**3)."""
    return logistic(4 * x * (1 + CUBIC * (x * x)) * w.bell)


def tanh_gated(x: Any) -> Any:
    """x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x**3)."""
    return x * tanh_gate(x)


def tanh_slope(x: Any) -> Any:
    """The slope of `tanh_gated`. Beyond 30 the gate is 0 or 1 to the last bit, and an infinite
    square would meet a 0 and make nan of it."""
    near = w.minimum(w.maximum(x, -30), 30)
    gate = tanh_gate(near)
    steep = 4 * near * (1 + 3 * CUBIC * (near * near)) * w.bell
    return gate * (1 + steep * (1 - gate))


def mish_gate(x: Any) -> tuple[Any, Any]:
    """tanh(softplus(x)), and 1 minus that, from whichever of exp(x), exp(-x) is at most 1."""
    e = w.exp(w.where(x >= 0, 0 - x, x))
    gate, rest = w.where(x >= 0, 1 + 2 * e, e * (e + 2)), w.where(x >= 0, 2 * e * e, 2)
    return gate / (gate + rest), rest / (gate + rest)


def mish_of(x: Any) -> Any:
    """x tanh(softplus(x))."""
    return x * mish_gate(x)[0]


def mish_slope(x: Any) -> Any:
    """tanh(s) + x (1 - tanh(s)**2) logistic(x), with s = softplus(x)."""
    gate, rest = mish_gate(x)
    return gate + x * (rest * (1 + gate)) * logistic(x)


silu = row(
    "silu", lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * (1 - logistic(x)))
)
mish = row("mish", mish_of, mish_slope)
gelu_tanh = row("gelu_tanh", tanh_gated, tanh_slope)
gelu_erf = row(
    "gelu",
    lambda x: x * normal_cdf(x),
    lambda x: normal_cdf(x) + x * normal_pdf(x),
    quick=gelu_slope,
)
GELUS = {"none": gelu_erf, "tanh": gelu_tanh}


def gelu(x: Any, approximate: str = "none") -> Any:
    """x times the share of a standard normal below x; with "tanh" an approximation of that,
    which errs by at most 5e-4. Source: Hendrycks & Gimpel 2016.

    Raises: OptionError for another approximation.
    """
    if approximate not in GELUS:
        raise OptionError(
            "gelu",
            f"approximate in {', '.join(GELUS)}",
            repr(approximate),
            "choose one of these",
        )
    return GELUS[approximate](x)
