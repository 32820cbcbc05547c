"""What the functions of `vector_math.py` are held against: exact values, and the units in the
last place that each may err."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit

from fusegrad.kernels import WORDS, vector_math
from tests.bounds_sample import MP

# Units in the last place, by function: for float32 and float64. Measured on all float32 that
# the tests draw, with a quarter or more to spare.
ULPS = {
    "exp": 1.0,
    "expm1": 2.5,
    "log": 1.25,
    "log1p": 2.0,
    "log2": 1.25,
    "log10": 1.25,
    "tanh": 2.5,
    "sinh": 2.75,
    "cosh": 1.75,
    "erf": 1.25,
    "erfc": 5.0,
    "softplus": 2.0,
}
DTYPES = ("float32", "float64")


@cache
def loop(name: str) -> Any:
    """A function of `vector_math.py` over an array, compiled."""
    f = getattr(vector_math, name)

    @njit(error_model="numpy")
    def run(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = f(x[i])

    return run


def computed(name: str, x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    loop(name)(x, out)
    return out


def every(step: int) -> np.ndarray:
    """Every `step`-th float32 there is, of both signs, nan and inf among them."""
    return np.arange(0, 1 << 32, step, np.uint64).astype(np.uint32).view(np.float32)


def near_one(rng: np.random.Generator, dtype: str, count: int) -> np.ndarray:
    """Numbers of the sizes at which the functions bend."""
    sizes = rng.choice([1e-4, 0.1, 1.0, 5.0, 30.0], count)
    return (sizes * rng.standard_normal(count)).astype(dtype)


def in_ulps(got: np.ndarray, exact: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """How far results lie from exact values, in ulps of these; at finite x."""
    return np.array([_off(g, exact(MP.mpf(v)), got.dtype) for g, v in zip(got, x.tolist())])


def _off(got: Any, true: Any, dtype: Any) -> float:
    limits, g = np.finfo(dtype), float(got)
    if not MP.isfinite(true):
        return 0.0 if g == true or (g != g and MP.isnan(true)) else np.inf
    exponent = max(int(MP.frexp(true)[1]), limits.minexp + 1) if true else limits.minexp + 1
    ulp = MP.ldexp(1, exponent - limits.nmant - 1)
    if np.isinf(g):  # right from half a step beyond the largest number
        edge = MP.ldexp(2 - MP.ldexp(1, -limits.nmant - 1), limits.maxexp - 1)
        return float(max(edge - abs(true), 0) / ulp) if (g > 0) == (true > 0) else np.inf
    return float(abs(g - true) / ulp) if g == g else np.inf


def vector_code(asm: str, dtype: str) -> tuple[list[str], list[str]]:
    """Of an x86 loop: the blocks with packed arithmetic, and those of them that call."""
    loop = asm.split(".Lfunc_end")[0]  # what follows takes Python's objects apart
    kind = {"float32": "ps", "float64": "pd"}[dtype]
    arithmetic = rf"\bv?(add|sub|mul|max|min|cmp|fn?m(add|sub))\w*{kind}\b"
    packed = [b for b in re.split(r"\n(?=\.LBB)", loop) if re.search(arithmetic, b)]
    return packed, [b for b in packed if re.search(r"\bcall", b)]


def exact_of(name: str) -> Callable[[Any], Any]:
    """The exact word; where mpmath would need numbers without end, what it tends to."""
    word = WORDS[name].exact
    far = {"exp": (0, MP.inf), "expm1": (-1, MP.inf), "erfc": (2, 0), "erf": (-1, 1)}
    far |= {"sinh": (-MP.inf, MP.inf), "cosh": (MP.inf, MP.inf), "tanh": (-1, 1)}

    def exact(x: Any) -> Any:
        if name in far and abs(x) > 1000:
            return MP.mpf(far[name][int(x > 0)])
        return word(x)

    return exact
