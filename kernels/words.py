"""The vocabulary as functions, for rules to import: `from fusegrad.kernels.words import sqrt`.

Called on symbols they write a rule down; on arrays or numbers they compute; on Tensors they
differentiate. `+ - * / **`, comparisons and `abs` need no import.
"""

from .vocabulary import CONSTANTS, WORDS

pi, sqrt_2, sqrt_half = CONSTANTS["pi"], CONSTANTS["sqrt_2"], CONSTANTS["sqrt_half"]
sqrt_pi, sqrt_2pi = CONSTANTS["sqrt_pi"], CONSTANTS["sqrt_2pi"]
bell = CONSTANTS["bell"]  # of a standard normal, its height: 1 / sqrt(2 pi)
log_2, log_10 = CONSTANTS["log_2"], CONSTANTS["log_10"]
cos, sin, tan = (WORDS[name] for name in ("cos", "sin", "tan"))
arccos, arcsin, arctan = (WORDS[name] for name in ("arccos", "arcsin", "arctan"))
cosh, sinh, tanh = (WORDS[name] for name in ("cosh", "sinh", "tanh"))
arccosh, arcsinh, arctanh = (WORDS[name] for name in ("arccosh", "arcsinh", "arctanh"))
arctan2, hypot = WORDS["arctan2"], WORDS["hypot"]
erf, erfc, lgamma = (WORDS[name] for name in ("erf", "erfc", "lgamma"))
exp, expm1, log, log1p = (WORDS[name] for name in ("exp", "expm1", "log", "log1p"))
log2, log10, softplus = WORDS["log2"], WORDS["log10"], WORDS["softplus"]
sqrt, sign, ratio = (WORDS[name] for name in ("sqrt", "sign", "ratio"))
floor, ceil, rint = (WORDS[name] for name in ("floor", "ceil", "rint"))
remainder, floor_divide = WORDS["remainder"], WORDS["floor_divide"]
absolute, maximum, minimum = (WORDS[name] for name in ("absolute", "maximum", "minimum"))
where, logical_not = WORDS["where"], WORDS["logical_not"]
logical_and, logical_or, logical_xor = (WORDS[f"logical_{n}"] for n in ("and", "or", "xor"))

__all__ = [
    "absolute",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "bell",
    "ceil",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "hypot",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_2",
    "log_10",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "pi",
    "ratio",
    "remainder",
    "rint",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "sqrt_2",
    "sqrt_2pi",
    "sqrt_half",
    "sqrt_pi",
    "tan",
    "tanh",
    "where",
]
