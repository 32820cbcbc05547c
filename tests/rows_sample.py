"""What the tests of rows share: the textbook formula of each (see `rows_oracles.py`), and its
slopes at every kink."""

from __future__ import annotations

import numpy as np

from fusegrad.engine import ROWS
from tests.rows_oracles import MP, ORACLES, SELU

__all__ = [
    "FLAT_SECOND",
    "KINKS",
    "MP",
    "ORACLES",
    "TRUTHS",
    "ZERO_HALF",
    "drawn",
    "inf",
    "nan",
]

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
    # ---- losses
    ("bce_with_logits", (0.0, 1.0, 1.0), (-0.5, 0.0, float(np.log(2)))),
    ("bce_with_logits", (800.0, 1.0, 3.0), (0.0, -800.0, 0.0)),
    ("bce_with_logits", (-800.0, 1.0, 3.0), (-3.0, 2400.0, 800.0)),
    ("bce_with_logits", (800.0, 0.0, 3.0), (1.0, -800.0, 0.0)),
    ("focal", (800.0, 2.0), (0.0, 0.0)),
    ("focal", (-800.0, 2.0), (-1.0, 0.0)),
    ("huber", (1.0, 1.0), (1.0, 0.0)),
    ("huber", (-1.0, 1.0), (-1.0, 0.0)),
    ("huber", (-800.0, 1.0), (-1.0, 799.0)),
    ("gaussian_nll", (3.0, 1.0, 0.0), (inf, -inf, -inf)),
    ("xlogx", (0.0,), (-inf,)),
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
