"""The vocabulary as functions, for rules to import: `from fusegrad.kernels.words import sqrt`.

Called on symbols they write a rule down; on arrays or numbers they compute; on Tensors they
differentiate. `+ - * / **`, comparisons and `abs` need no import.
"""

from .vocabulary import CONSTANTS, WORDS

pi, sqrt_2 = CONSTANTS["pi"], CONSTANTS["sqrt_2"]
sqrt_pi, sqrt_2pi = CONSTANTS["sqrt_pi"], CONSTANTS["sqrt_2pi"]
cos, sin, tanh = (WORDS[name] for name in ("cos", "sin", "tanh"))
erf, erfc = WORDS["erf"], WORDS["erfc"]
exp, expm1, log, log1p = (WORDS[name] for name in ("exp", "expm1", "log", "log1p"))
sqrt, sign, ratio = (WORDS[name] for name in ("sqrt", "sign", "ratio"))
absolute, maximum, minimum = (WORDS[name] for name in ("absolute", "maximum", "minimum"))
where, logical_not = WORDS["where"], WORDS["logical_not"]

__all__ = [
    "absolute",
    "cos",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "log",
    "log1p",
    "logical_not",
    "maximum",
    "minimum",
    "pi",
    "ratio",
    "sign",
    "sin",
    "sqrt",
    "sqrt_2",
    "sqrt_2pi",
    "sqrt_pi",
    "tanh",
    "where",
]
