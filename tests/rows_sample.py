"""What the tests of rows share: the textbook formula of each, and its slopes at every kink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from fusegrad.engine import ROWS

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
}
LOGICAL = {"logical_and", "logical_or", "logical_xor"}
TRUTHS = {
    "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_not",
    "isnan", "isinf", "isfinite", *LOGICAL,
}  # fmt: skip
ZERO_HALF = {"where", "logical_not", *LOGICAL}  # whose first argument is 0 half the time

# ---- kinks, poles, and points where a formula is 0 / 0: row, place, every slope there -------
inf, nan = np.inf, np.nan
KINKS: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = [
    ("absolute", (0.0,), (0.0,)),
    ("absolute", (-2.0,), (-1.0,)),
    ("relu", (0.0,), (0.0,)),
    ("relu", (-1.0,), (0.0,)),
    ("maximum", (1.0, 1.0), (0.5, 0.5)),
    ("minimum", (1.0, 1.0), (0.5, 0.5)),
    ("maximum", (inf, 1.0), (1.0, 0.0)),
    ("minimum", (-1.0, -inf), (0.0, 1.0)),
    ("power", (0.0, 0.0), (0.0, 0.0)),
    ("power", (0.0, 1.0), (1.0, 0.0)),
    ("power", (0.0, 2.0), (0.0, 0.0)),
    ("power", (0.0, 0.5), (inf, 0.0)),
    ("power", (0.0, -1.0), (-inf, 0.0)),
    ("power", (2.0, 0.0), (0.0, float(np.log(2)))),
    ("power", (-2.0, 3.0), (12.0, nan)),
    ("ratio", (0.0, 0.0), (0.0, 0.0)),
    ("ratio", (3.0, 0.0), (0.0, 0.0)),
    ("sqrt", (0.0,), (inf,)),
    ("log", (0.0,), (inf,)),
    ("divide", (1.0, 0.0), (inf, -inf)),
    ("sigmoid", (-800.0,), (0.0,)),
    ("sigmoid", (800.0,), (0.0,)),
    ("softplus", (800.0,), (1.0,)),
    ("silu", (-800.0,), (0.0,)),
    ("silu", (800.0,), (1.0,)),
    ("gelu", (-800.0,), (0.0,)),
    # ---- further functions
    ("reciprocal", (0.0,), (-inf,)),
    ("rsqrt", (0.0,), (-inf,)),
    ("log2", (0.0,), (inf,)),
    ("log10", (0.0,), (inf,)),
    ("arcsin", (1.0,), (inf,)),
    ("arccos", (-1.0,), (-inf,)),
    ("arccosh", (1.0,), (inf,)),
    ("arctanh", (1.0,), (inf,)),
    ("arctan2", (0.0, 0.0), (0.0, 0.0)),
    ("arctan2", (0.0, -2.0), (-0.5, 0.0)),
    ("arctan2", (2.0, 0.0), (0.0, -0.5)),
    ("hypot", (0.0, 0.0), (0.0, 0.0)),
    ("hypot", (0.0, -1.0), (0.0, -1.0)),
    ("hypot", (3e300, 4e300), (0.6, 0.8)),
    ("logaddexp", (-inf, -inf), (0.5, 0.5)),
    ("logaddexp", (inf, inf), (0.5, 0.5)),
    ("logaddexp", (2.0, 2.0), (0.5, 0.5)),
    ("logaddexp", (-inf, 1.0), (0.0, 1.0)),
    ("logaddexp", (inf, -inf), (1.0, 0.0)),
    ("logaddexp", (800.0, -800.0), (1.0, 0.0)),
    ("lgamma", (0.0,), (-inf,)),
    ("lgamma", (-1.0,), (-inf,)),
    ("digamma", (0.0,), (inf,)),
    ("digamma", (-1.0,), (inf,)),
    ("remainder", (6.0, 3.0), (1.0, -2.0)),
    ("remainder", (-1.0, 3.0), (1.0, 1.0)),
    ("clip", (-2.0, -1.0, 1.0), (0.0, 1.0, 0.0)),
    ("clip", (-1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    ("clip", (1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    ("clip", (2.0, -1.0, 1.0), (0.0, 0.0, 1.0)),
    ("clip", (0.0, 1.0, -1.0), (0.0, 0.0, 1.0)),  # bounds in disorder: the upper one holds
    ("clip", (-5.0, 1.0, -1.0), (0.0, 0.0, 1.0)),
    ("hardtanh", (-5.0, 1.0, -1.0), (0.0, 0.0, 1.0)),
    # ---- activations; their parameters are at their defaults
    ("relu6", (0.0,), (0.0,)),
    ("relu6", (6.0,), (0.0,)),
    ("leaky_relu", (0.0, 0.01), (0.01, 0.0)),
    ("leaky_relu", (-800.0, 0.01), (0.01, -800.0)),
    ("hardtanh", (-1.0, -1.0, 1.0), (0.0, 1.0, 0.0)),
    ("hardtanh", (1.0, -1.0, 1.0), (0.0, 0.0, 1.0)),
    ("hardtanh", (0.5, -1.0, 1.0), (1.0, 0.0, 0.0)),
    ("hardsigmoid", (3.0,), (0.0,)),
    ("hardsigmoid", (-3.0,), (0.0,)),
    ("hardswish", (3.0,), (1.0,)),
    ("hardswish", (-3.0,), (0.0,)),
    ("softshrink", (0.5, 0.5), (0.0, 0.0)),
    ("softshrink", (-0.5, 0.5), (0.0, 0.0)),
    ("softshrink", (-800.0, 0.5), (1.0, 1.0)),
    ("hardshrink", (0.5, 0.5), (0.0, 0.0)),
    ("hardshrink", (-800.0, 0.5), (1.0, 0.0)),
    ("elu", (0.0, 1.0), (1.0, 0.0)),
    ("elu", (0.0, 2.0), (2.0, 0.0)),
    ("elu", (800.0, 1.0), (1.0, 0.0)),
    ("elu", (-800.0, 1.0), (0.0, -1.0)),
    ("selu", (0.0,), (float(SELU[0]) * float(SELU[1]),)),
    ("selu", (-800.0,), (0.0,)),
    ("celu", (0.0, 1.0), (1.0, 0.0)),
    ("celu", (800.0, 1.0), (1.0, 0.0)),
    ("celu", (-800.0, 1.0), (0.0, -1.0)),
    ("logsigmoid", (800.0,), (0.0,)),
    ("logsigmoid", (-800.0,), (1.0,)),
    ("mish", (800.0,), (1.0,)),
    ("mish", (-800.0,), (0.0,)),
    ("gelu_tanh", (800.0,), (1.0,)),
    ("gelu_tanh", (-800.0,), (0.0,)),
    ("tanhshrink", (800.0,), (1.0,)),
    ("softsign", (0.0,), (1.0,)),
]
FLAT_SECOND = [
    ("power", (0.0, 0.0), (0, 0)), ("power", (0.0, 2.0), (1, 1)), ("ratio", (0.0, 0.0), (0, 1)),
    ("relu", (0.0,), (0, 0)), ("hypot", (0.0, 0.0), (0, 1)), ("arctan2", (0.0, 0.0), (1, 0)),
    ("logaddexp", (-inf, -inf), (0, 1)), ("elu", (800.0, 1.0), (0, 0)),
    ("gelu_tanh", (-1e200,), (0, 0)), ("mish", (-800.0,), (0, 0)),
]  # fmt: skip
BENT_AT_0 = {name for name, at, _ in KINKS if at == (0.0,)}


def drawn(name: str, rng: np.random.Generator, n: int = 6) -> list[np.ndarray]:
    """Arguments of a row: from its domains, with 0 where a smooth row of one argument has it,
    and with ties where the row tells them apart."""
    domains = ROWS[name].domains
    args = [rng.uniform(*d, n) for d in domains]
    if len(args) == 1 and domains[0][0] < 0 < domains[0][1] and name not in BENT_AT_0:
        args[0][0] = 0.0
    if name in ZERO_HALF:
        args[0][::2] = 0.0
    if name in LOGICAL:
        args[1][::3] = 0.0
    elif name in TRUTHS and len(args) == 2:
        args[1][::2] = args[0][::2]
    return args
