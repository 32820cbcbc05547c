"""The textbook formula of every row, on numbers of 50 digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

MP = mpmath.mp.clone()
MP.dps = 50


def middle(*values: Any) -> Any:
    """The median of three."""
    return sorted(values)[1]


SELU = tuple(
    map(MP.mpf, ("1.0507009873554804934193349852946", "1.6732632423543772848170429916717"))
)
GELU = (MP.sqrt(2 / MP.pi), MP.mpf("0.044715"))

ORACLES: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: MP.power(a, b),
    "negative": lambda x: -x,
    "ratio": lambda a, b: a / b if b else MP.mpf(0),
    "addcmul": lambda x, a, b: x + a * b,
    "lerp": lambda start, end, weight: (1 - weight) * start + weight * end,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "floor_divide": lambda a, b: MP.floor(a / b),
    "remainder": lambda a, b: a - b * MP.floor(a / b),
    "exp": MP.exp,
    "expm1": lambda x: MP.exp(x) - 1,
    "log": MP.log,
    "log1p": lambda x: MP.log(1 + x),
    "log2": lambda x: MP.log(x) / MP.log(2),
    "log10": lambda x: MP.log(x) / MP.log(10),
    "logaddexp": lambda a, b: MP.log(MP.exp(a) + MP.exp(b)),
    "sqrt": MP.sqrt,
    "rsqrt": lambda x: 1 / MP.sqrt(x),
    "hypot": lambda a, b: MP.sqrt(a * a + b * b),
    **{
        name: getattr(MP, name)
        for name in ("erf", "erfc", "sin", "cos", "tan", "tanh", "digamma")
    },
    "lgamma": lambda x: MP.log(MP.gamma(x)),
    "arcsin": MP.asin,
    "arccos": MP.acos,
    "arctan": MP.atan,
    "arctan2": lambda a, b: MP.atan(a / b),  # for b > 0
    "sinh": lambda x: (MP.exp(x) - MP.exp(-x)) / 2,
    "cosh": lambda x: (MP.exp(x) + MP.exp(-x)) / 2,
    "arcsinh": lambda x: MP.log(x + MP.sqrt(x * x + 1)),
    "arccosh": lambda x: MP.log(x + MP.sqrt(x * x - 1)),
    "arctanh": lambda x: MP.log((1 + x) / (1 - x)) / 2,
    "absolute": lambda x: x if x > 0 else -x,
    "sign": lambda x: (x > 0) - (x < 0),
    "maximum": max,
    "minimum": min,
    "clip": middle,
    "where": lambda c, a, b: a if c else b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "logical_not": lambda a: a == 0,
    "logical_and": lambda a, b: a != 0 and b != 0,
    "logical_or": lambda a, b: a != 0 or b != 0,
    "logical_xor": lambda a, b: (a != 0) is not (b != 0),
    "isnan": MP.isnan,
    "isinf": MP.isinf,
    "isfinite": MP.isfinite,
    "floor": MP.floor,
    "ceil": MP.ceil,
    "rint": MP.nint,
    "sigmoid": lambda x: 1 / (1 + MP.exp(-x)),
    "relu": lambda x: max(x, 0),
    "relu6": lambda x: middle(0, x, 6),
    "leaky_relu": lambda x, negative_slope: x if x > 0 else negative_slope * x,
    "hardtanh": middle,
    "hardsigmoid": lambda x: middle(0, x / 6 + MP.mpf(1) / 2, 1),
    "hardswish": lambda x: x * middle(0, x + 3, 6) / 6,
    "softshrink": lambda x, lambd: x - middle(-lambd, x, lambd),
    "hardshrink": lambda x, lambd: x if abs(x) > lambd else MP.mpf(0),
    "softplus": lambda x: MP.log(1 + MP.exp(x)),
    "logsigmoid": lambda x: -MP.log(1 + MP.exp(-x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "tanhshrink": lambda x: x - MP.tanh(x),
    "elu": lambda x, alpha: x if x > 0 else alpha * (MP.exp(x) - 1),
    "selu": lambda x: SELU[0] * (x if x > 0 else SELU[1] * (MP.exp(x) - 1)),
    "celu": lambda x, alpha: max(x, 0) + min(alpha * (MP.exp(x / alpha) - 1), 0),
    "silu": lambda x: x / (1 + MP.exp(-x)),
    "mish": lambda x: x * MP.tanh(MP.log(1 + MP.exp(x))),
    "gelu": lambda x: x * MP.ncdf(x),
    "gelu_tanh": lambda x: x / 2 * (1 + MP.tanh(GELU[0] * (x + GELU[1] * x**3))),
    # ---- losses
    "bce_with_logits": lambda x, target, pos_weight: (
        pos_weight * target * MP.log(1 + MP.exp(-x)) + (1 - target) * MP.log(1 + MP.exp(x))
    ),
    "focal": lambda x, gamma: MP.log(1 + MP.exp(-x)) / MP.power(1 + MP.exp(x), gamma),
    "huber": lambda x, d: x * x / 2 if abs(x) <= d else d * (abs(x) - d / 2),
    "gaussian_nll": lambda x, target, var: (MP.log(var) + (x - target) ** 2 / var) / 2,
    "xlogx": lambda x: x * MP.log(x),
}
