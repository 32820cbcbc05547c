"""The functions that LLVM vectorises, against 50 digits: on a sweep through all float32, at
random float64, and where a format ends."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import WORDS, vector_math
from fusegrad.kernels.vector import coefficients
from tests.vector_sample import (
    DTYPES,
    ULPS,
    computed,
    every,
    exact_of,
    in_ulps,
    loop,
    near_one,
    vector_code,
)
from tools import make_polynomials, remez

ROOT = Path(__file__).resolve().parents[1]
every_function = pytest.mark.parametrize("name", ULPS)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
INF, NAN = np.inf, np.nan
# Where each function is something other than a number near it: at -inf, inf, -0.0 and 0.0.
ENDS = {
    "exp": (0.0, INF, 1.0, 1.0),
    "expm1": (-1.0, INF, -0.0, 0.0),
    "log": (NAN, INF, -INF, -INF),
    "log1p": (NAN, INF, -0.0, 0.0),
    "log2": (NAN, INF, -INF, -INF),
    "log10": (NAN, INF, -INF, -INF),
    "tanh": (-1.0, 1.0, -0.0, 0.0),
    "sinh": (-INF, INF, -0.0, 0.0),
    "cosh": (INF, INF, 1.0, 1.0),
    "erf": (-1.0, 1.0, -0.0, 0.0),
    "erfc": (2.0, 0.0, 1.0, 1.0),
    "softplus": (0.0, INF, np.log(2.0), np.log(2.0)),
}


def test_every_function_has_a_bound_and_is_a_word_that_numba_reads_so() -> None:
    assert set(ULPS) == set(vector_math.__all__) == set(ENDS)
    assert {w.name for w in WORDS.values() if w.vector} == set(ULPS)
    assert all(WORDS[name].numba.startswith(f"vm.{name}(") for name in ULPS)


def held(name: str, x: np.ndarray) -> None:
    """Hold a function against its bound at every finite x, and let nan through."""
    y, finite = computed(name, x), np.isfinite(x)
    off = in_ulps(y[finite], exact_of(name), x[finite])
    worst = off.argmax()
    assert off[worst] <= ULPS[name], (x[finite][worst], y[finite][worst], off[worst])
    assert np.isnan(y[np.isnan(x)]).all()


@every_function
def test_float32_lies_within_its_ulps_through_all_magnitudes(name: str) -> None:
    rng = np.random.default_rng(1)
    held(name, np.concatenate([every(4_000_037), near_one(rng, "f4", 1000)]))


@every_function
def test_float64_lies_within_its_ulps(name: str) -> None:
    rng = np.random.default_rng(2)
    bits = rng.integers(0, 1 << 64, 400, np.uint64).view(np.float64)
    held(name, np.concatenate([bits, near_one(rng, "f8", 1000)]))


@every_function
def test_a_sweep_of_float32_agrees_with_float64(name: str) -> None:
    """Every 9,973rd float32; what float64 computes is exact beside the errors of float32."""
    x = every(9_973)
    x = x[np.isfinite(x)]
    y, wide = computed(name, x), computed(name, x.astype(np.float64))
    limits = np.finfo(np.float32)
    exponent = np.clip(np.frexp(wide)[1], limits.minexp + 1, limits.maxexp)
    ulp = np.ldexp(1.0, exponent - limits.nmant - 1)
    with np.errstate(all="ignore"):
        beyond = abs(wide) >= 2.0**128 - 2.0**103
        same = np.where(beyond, y == np.sign(wide) * INF, abs(y - wide) <= ULPS[name] * ulp)
    wrong = ~(same | (np.isnan(y) & np.isnan(wide)) | (y == wide))
    assert not wrong.any(), (x[wrong][:4], y[wrong][:4], wide[wrong][:4])


@every_dtype
@every_function
def test_ends_of_the_line(name: str, dtype: str) -> None:
    y = computed(name, np.array([-INF, INF, -0.0, 0.0], dtype))
    want = np.array(ENDS[name], dtype)
    assert np.allclose(y, want, rtol=2 * np.finfo(dtype).eps, atol=0, equal_nan=True)
    assert np.array_equal(np.signbit(y[want == 0]), np.signbit(want[want == 0]))
    assert name == "softplus" or np.array_equal(y, want, equal_nan=True)


@every_dtype
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "sinh"])
def test_the_smallest_numbers_stay_what_they_are(name: str, dtype: str) -> None:
    limits = np.finfo(dtype)
    tiny = np.array([limits.smallest_subnormal, limits.smallest_normal], dtype)
    x = np.concatenate([tiny, -tiny, 3 * tiny])
    assert np.array_equal(computed(name, x), x)


@every_dtype
def test_underflow_is_gradual(dtype: str) -> None:
    limits = np.finfo(dtype)
    low = np.log(float(limits.smallest_normal))
    x = np.linspace(low, low - 0.69 * limits.nmant, 200).astype(dtype)
    for name, sign in (("exp", 1), ("softplus", 1)):
        y = computed(name, sign * x)
        assert (y > 0).all() and (np.diff(y) <= 0).all() and len(np.unique(y)) > 20
    a = np.sqrt(-x - 4).astype(dtype)
    assert (computed("erfc", a) >= 0).all() and computed("erfc", a)[-1] < limits.smallest_normal


@every_dtype
def test_powers_of_two_have_whole_logarithms(dtype: str) -> None:
    limits = np.finfo(dtype)
    whole = np.arange(limits.minexp - limits.nmant, limits.maxexp)
    assert np.array_equal(computed("log2", np.ldexp(np.ones(1, dtype), whole)), whole)


# ---- vector code --------------------------------------------------------------------------
IS_X86 = platform.machine().lower() in ("x86_64", "amd64")


@pytest.mark.skipif(not IS_X86, reason="reads the assembly of x86")
@every_dtype
@every_function
def test_loops_are_packed_and_call_nothing(name: str, dtype: str) -> None:
    computed(name, np.ones(64, dtype))
    run = loop(name)
    (asm,) = (run.inspect_asm(s) for s in run.signatures if s[0].dtype.name == dtype)
    packed, calls = vector_code(asm, dtype)
    assert packed and not calls


def test_a_scalar_call_of_libm_would_be_seen() -> None:
    import math

    from numba import njit

    @njit
    def by_libm(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = math.erf(x[i])

    by_libm(np.ones(8), np.ones(8))
    asm = next(iter(by_libm.inspect_asm().values()))
    assert vector_code(asm, "float64") == ([], [])


# ---- coefficients -------------------------------------------------------------------------
@pytest.mark.parametrize("k", [0, 3], ids=["exp", "log"])
def test_a_fit_gives_the_coefficients(k: int) -> None:
    fit = make_polynomials.FITS[k]
    found = remez.polynomial(fit.function, fit.weight, fit.low, fit.high, fit.degrees[0])
    kept = getattr(coefficients, f"{fit.name}_32")
    assert tuple(map(make_polynomials.single, found)) == kept


def test_a_fit_is_better_than_its_neighbours() -> None:
    fit = make_polynomials.FITS[0]
    found = remez.polynomial(fit.function, fit.weight, fit.low, fit.high, fit.degrees[0])

    def worst(c: list[Any]) -> Any:
        error = remez.weighted_error(fit.function, fit.weight, c)
        return remez.largest(error, fit.low, fit.high)

    for i in range(len(found)):
        for moved in (0.999, 1.001):
            assert worst([*found[:i], found[i] * moved, *found[i + 1 :]]) > worst(found)


@pytest.mark.slow
def test_the_coefficients_are_what_the_tool_prints() -> None:
    command = [sys.executable, "-m", "tools.make_polynomials"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == Path(coefficients.__file__).read_text(encoding="utf-8")
