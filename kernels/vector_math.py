"""Functions that LLVM turns into vector code, for generated source and `loops/` alone: of one
float32 or float64, without a branch, right for nan, infinities, -0.0 and subnormal numbers.

The most that each errs, in units in the last place (measured, float32 | float64):

    exp 0.9 | 0.9      log 0.9 | 1.0      tanh 2.4 | 2.2     erf 1.0 | 1.1
    expm1 1.6 | 2.0    log1p 1.5 | 1.4    sinh 2.1 | 2.2     erfc 4.7 | 4.2
    log2 1.0 | 1.0     log10 0.9 | 1.0    cosh 1.3 | 1.3     softplus 1.7 | 1.6
"""

from __future__ import annotations

from .vector.error_function import erf, erfc
from .vector.exponential import cosh, exp, expm1, sinh, tanh
from .vector.logarithm import log, log1p, log2, log10, softplus

__all__ = [
    "cosh",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sinh",
    "softplus",
    "tanh",
]
