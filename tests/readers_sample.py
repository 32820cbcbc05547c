"""What every reader of a rule is held against: all rules there are, points for their arguments,
and a bound on the error of each, derived from what is granted to each word."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

import numpy as np

from fusegrad import optim
from fusegrad.engine import ROWS, Row
from fusegrad.kernels import WORDS, Constant, Word, on_numpy, trace
from fusegrad.kernels.exact_words import context
from fusegrad.kernels.program import Program

MP = context()
DTYPES = ("float32", "float64")

# Units in the last place that one word may err, whoever reads it. IEEE 754 settles the first
# two groups; 4 is what NumPy's vector forms and the C libraries keep to in the third.
SETTLED = "negative absolute sign maximum minimum where"
ROUNDED = "add subtract multiply divide ratio sqrt"
LIBRARY = "power exp expm1 log log1p sin cos tanh erf erfc one_minus_power"
LIBRARY_ULPS = {"float32": 4.0, "float64": 4.0}
ULPS: dict[str, dict[str, float]] = {
    dtype: {
        **{name: 0.0 for name, word in WORDS.items() if word.gives == "t"},
        **dict.fromkeys(SETTLED.split(), 0.0),
        **dict.fromkeys(ROUNDED.split(), 0.5),
        **dict.fromkeys(LIBRARY.split(), LIBRARY_ULPS[dtype]),
    }
    for dtype in DTYPES
}
# max(-0.0, 0.0) and min may be either zero: IEEE 754-2008 leaves it open, and so do we.
EITHER_ZERO = {"maximum", "minimum"}
SETTINGS = {"t": 3, "alpha": 1e-2, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "eps_hat": 1e-8}
SIGNED = {"theta", "g", "m", "b"}  # every other state is a sum of squares or a norm


def special_numbers(dtype: str) -> np.ndarray:
    """Numbers on which readers differ first."""
    limits = np.finfo(dtype)
    small = limits.smallest_normal
    edges = [0.0, limits.smallest_subnormal, small / 2, small, 0.5, 1.0, limits.max, np.inf]
    return np.array([np.nan, *edges, *(-e for e in edges)], dtype)


class Rule(NamedTuple):
    """A program; the row it belongs to says where its arguments lie, or else its letters do."""

    program: Program
    row: Row | None = None

    @property
    def scalars(self) -> dict[str, float]:
        """A value for each scalar; letters that nobody foresaw are 0.9."""
        return {name: SETTINGS.get(name, 0.9) for name in self.program.scalars}

    def points(self, dtype: str, rng: np.random.Generator, shape: Any) -> list[np.ndarray]:
        """Random arguments from the row's domain, with y the row's value there; or parameters,
        gradients and states of an update."""
        names = self.program.inputs
        given = {n: np.array(rng.standard_normal(shape), dtype) for n in (*names, "g")}
        if self.row is None:
            return self._without_signs([given[n] for n in names])
        formula = self.row.formula.program
        for n, domain in zip(formula.inputs, self.row.domains, strict=True):
            given[n] = np.array(rng.uniform(*domain, shape), dtype)
        given["y"] = np.asarray(on_numpy.read(formula)(*(given[n] for n in formula.inputs)))
        return [given[n] for n in names]

    def specials(self, dtype: str, rng: np.random.Generator) -> list[np.ndarray]:
        """All combinations of special numbers for one or two arguments; for more, as many at
        random."""
        values, n = special_numbers(dtype), len(self.program.inputs)
        if n > 2:
            return self._without_signs(list(rng.choice(values, (n, 4 * len(values) ** 2))))
        axes = np.meshgrid(*[values] * n, indexing="ij")
        return self._without_signs([np.ascontiguousarray(a.ravel()) for a in axes])

    def magnitudes(self, dtype: str, rng: np.random.Generator, n: int) -> list[np.ndarray]:
        """Random numbers of both signs and of every magnitude that the dtype has."""
        limits, shape = np.finfo(dtype), (len(self.program.inputs), n)
        exponents = rng.uniform(limits.minexp, limits.maxexp, shape)
        signs = rng.choice([-1.0, 1.0], shape)
        return self._without_signs(list((signs * 2.0**exponents).astype(dtype)))

    def _without_signs(self, points: list[np.ndarray]) -> list[np.ndarray]:
        """States that are norms lose their signs; a row's arguments keep them."""
        keep = set(self.program.inputs) if self.row else SIGNED
        return [
            p if n in keep else np.asarray(abs(p)) for n, p in zip(self.program.inputs, points)
        ]

    def read(self, reader: Callable[[Program], Any], points: Sequence[Any]) -> Any:
        """What a reader makes of the points."""
        with np.errstate(all="ignore"):
            return reader(self.program)(*points, *self.program.host_values(self.scalars))


def _rules_of_rows() -> dict[str, Rule]:
    rules = {}
    for name, row in ROWS.items():
        rules[name] = Rule(row.formula.program, row)
        for vjp in filter(None, row.op.vjps):
            if not vjp.is_identity:
                rules[vjp.kernel.program.name] = Rule(vjp.kernel.program, row)
    return rules


def _updates_of_optim() -> dict[str, Callable[..., Any]]:
    """Every function of the package whose first arguments are theta and g."""
    files = [import_module(f"fusegrad.optim.{m.name}") for m in iter_modules(optim.__path__)]
    return {
        name: f
        for file in files
        for name, f in inspect.getmembers(file, inspect.isfunction)
        if f.__module__ == file.__name__
        and list(inspect.signature(f).parameters)[:2] == ["theta", "g"]
    }


UPDATES = _updates_of_optim()
ROW_RULES = _rules_of_rows()
RULES = {**ROW_RULES, **{name: Rule(trace(f)) for name, f in UPDATES.items()}}


# ---- the bound ----------------------------------------------------------------------------
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
            args = args if on_host else tuple(map(self._on_device, args))
            exact = self._in_range(word.exact(*(a.value for a in args)))
            moved = self._moved(word, exact, args)
            if MP.isfinite(exact) and moved != MP.inf:
                moved += ULPS[dtype][word.name] * self.ulp(exact, dtype)
            return Bounded(exact, moved, on_host)

        return compute

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


# ---- agreement of two readers ---------------------------------------------------------------
def assert_agree(rule: Rule, points: Sequence[np.ndarray], one: Any, other: Any) -> None:
    """Two readers' results at the same points: same dtype, shape, nan, inf and signs of zero;
    numbers within what is granted to both."""
    either_zero = EITHER_ZERO & {n.name for n in rule.program.words}
    bound = Bound(rule.program, np.result_type(*points).name)
    for k, (a, b) in enumerate(zip(outputs(one), outputs(other), strict=True)):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        differ = (a != b) & ~((a != a) & (b != b))
        if not either_zero and a.dtype != bool:
            differ |= (a == 0) & (b == 0) & (np.signbit(a) != np.signbit(b))
        for i in map(tuple, np.argwhere(differ)):
            point = [x[i] for x in np.broadcast_arrays(*points)]
            near = 2 * bound(*point, **rule.scalars)[k].error
            assert a.dtype != bool and a[i] != b[i], (point, a[i], b[i])
            assert np.isfinite(a[i]) and np.isfinite(b[i]), (point, a[i], b[i])
            assert abs(float(a[i]) - float(b[i])) <= near, (point, a[i], b[i])


def outputs(result: Any) -> tuple[np.ndarray, ...]:
    """One result or several, as several."""
    return result if isinstance(result, tuple) else (result,)
