"""How far a computed result may lie from the exact one: a bound that is derived, word by word,
from what is granted to each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fusegrad.kernels import WORDS, Constant, Word
from fusegrad.kernels.exact_words import context
from fusegrad.kernels.program import Program

MP = context()
DTYPES = ("float32", "float64")

# Units in the last place that one word may err, whoever reads it. IEEE 754 settles the first
# two groups; 4 is what NumPy's vector forms and the C libraries keep to in the third.
SETTLED = "negative absolute sign maximum minimum where floor ceil rint"
ROUNDED = "add subtract multiply scale divide ratio sqrt remainder"
LIBRARY = (
    "power exp expm1 log log1p log2 log10 sin cos tan sinh cosh tanh erf lgamma hypot softplus "
    "arcsin arccos arctan arctan2 arcsinh arccosh arctanh one_minus_power"
)
LIBRARY_ULPS = {"float32": 4.0, "float64": 4.0}
ULPS: dict[str, dict[str, float]] = {
    dtype: {
        **{name: 0.0 for name, word in WORDS.items() if word.gives == "t"},
        **dict.fromkeys(SETTLED.split(), 0.0),
        **dict.fromkeys(ROUNDED.split(), 0.5),
        **dict.fromkeys(LIBRARY.split(), LIBRARY_ULPS[dtype]),
        "erfc": 5.0,  # as much as C's own; compiled code errs by 4.7 at most
        "floor_divide": 2.0,  # a difference, a quotient and a correction, where these round
    }
    for dtype in DTYPES
}
# Where a library adds terms larger than their sum, its ulps are theirs: the module math takes
# lgamma(x) as log(sum) - 6.02 + (x - 1/2) (log(x + 5.52) - 1), reflected where x < 0.
TERMS = {("lgamma", "float64"): lambda x: 8 + abs(x) * MP.log(abs(x) + 6)}


class Bounded(NamedTuple):
    """An exact value, how far a computed one may lie from it, and whether the host holds it."""

    value: Any
    error: Any = 0
    on_host: bool = False


class Bound:
    """Reads a program on exact numbers together with their errors: each word moves with the
    errors of its arguments and rounds once more. Cancellation thus widens the bound by what it
    must, and by no more."""

    def __init__(self, program: Program, dtype: str) -> None:
        self.program, self.dtype, self.limits = program, np.dtype(dtype), np.finfo(dtype)
        # The first number that rounds to infinity is half a step beyond the largest.
        steps = 2 ** (self.limits.nmant + 2) - 1
        self.overflow = MP.ldexp(steps, self.limits.maxexp - self.limits.nmant - 2)

    def __call__(self, *point: float, **scalars: float) -> list[Bounded]:
        """The outputs at one point."""
        elements = {n: Bounded(MP.mpf(float(x))) for n, x in zip(self.program.inputs, point)}
        known = {n: Bounded(MP.mpf(x), 0, True) for n, x in scalars.items()}
        return self.program.interpret(elements, known, self._constant, self._word)

    def ulp(self, x: Any, dtype: Any = None) -> Any:
        """The distance between neighbours at x; below the normal numbers, of subnormals."""
        limits = np.finfo(dtype or self.dtype)
        exponent = int(MP.frexp(abs(x))[1]) if x else limits.minexp
        return MP.ldexp(1, max(exponent, limits.minexp + 1) - limits.nmant - 1)

    def allows(self, got: float, bound: Bounded) -> bool:
        """Whether a computed number may stand for an exact one."""
        value, error, _ = bound
        if isinstance(value, bool) or not MP.isfinite(value):
            return error == MP.inf or got == value or (got != got and MP.isnan(value))
        if np.isfinite(got):
            return abs(MP.mpf(got) - value) <= error
        return error == MP.inf or (got == got and abs(value) + error >= self.overflow)

    def _constant(self, value: Any) -> Bounded:
        exact = value.exact(MP) if isinstance(value, Constant) else MP.mpf(value)
        return Bounded(exact, abs(exact - MP.mpf(float(exact))), True)

    def _word(self, word: Word) -> Callable[..., Bounded]:
        def compute(*args: Bounded) -> Bounded:
            on_host = all(a.on_host for a in args)
            dtype = "float64" if on_host else self.dtype.name
            if not on_host and word.name != "scale":  # which takes the host's number whole
                args = tuple(map(self._on_device, args))
            exact = self._in_range(word.exact(*(a.value for a in args)))
            moved = self._moved(word, exact, args)
            if MP.isfinite(exact) and moved != MP.inf:
                moved += self._rounding(word, exact, dtype, args)
            return Bounded(exact, moved, on_host)

        return compute

    def _rounding(self, word: Word, exact: Any, dtype: str, args: Sequence[Bounded]) -> Any:
        """What the word itself may add: nothing where it rounds what needs no rounding."""
        ulps, sure = ULPS[dtype][word.name], not any(a.error for a in args)
        if sure and ulps <= 0.5 and exact == self._nearest(exact):
            return 0
        terms = TERMS.get((word.name, dtype))
        size = terms(args[0].value) if terms else 0
        return ulps * self.ulp(max(abs(exact), size), dtype)

    def _on_device(self, x: Bounded) -> Bounded:
        """A host's value in the dtype of the arrays."""
        if not x.on_host:
            return x
        rounding = self.ulp(x.value) / 2 if x.error else abs(x.value - self._nearest(x.value))
        return Bounded(x.value, x.error + rounding)

    def _nearest(self, x: Any) -> Any:
        return MP.mpf(float(self.dtype.type(float(x))))

    def _moved(self, word: Word, exact: Any, args: Sequence[Bounded]) -> Any:
        """How far the word moves with its arguments' errors; inf where they decide whether it
        is a number at all."""
        if any(a.error == MP.inf for a in args):
            return MP.inf
        near = [self._ends(a) for a in args]
        values = [self._in_range(word.exact(*end)) for end in itertools.product(*near)]
        same = [v for v in values if v == exact or (MP.isnan(v) and MP.isnan(exact))]
        if len(same) == len(values):
            return 0
        numbers = not isinstance(exact, bool) and all(map(MP.isfinite, [exact, *values]))
        return max(abs(v - exact) for v in values) if numbers else MP.inf

    def _in_range(self, x: Any) -> Any:
        beyond = not isinstance(x, bool) and MP.isfinite(x) and abs(x) >= self.overflow
        return MP.sign(x) * MP.inf if beyond else x

    def _ends(self, x: Bounded) -> set[Any]:
        """Where a value with an error may lie: at both ends, rounded, or at 0 between them."""
        if not x.error:
            return {x.value}
        low, high = x.value - x.error, x.value + x.error
        return {low, high, self._nearest(x.value), MP.mpf(0) if low < 0 < high else high}
