"""What every reader of a rule is held against: all rules there are, points for their arguments,
and a bound on the error of each, derived from what is granted to each word."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

import numpy as np

from fusegrad import optim
from fusegrad.engine import ROWS, Row
from fusegrad.kernels import on_numpy, trace
from fusegrad.kernels.program import Program
from tests.bounds_sample import DTYPES, MP, ULPS, Bound

__all__ = [
    "DTYPES",
    "MP",
    "RULES",
    "ULPS",
    "UPDATES",
    "Bound",
    "Rule",
    "assert_agree",
    "outputs",
]

# max(-0.0, 0.0) and min may be either zero: IEEE 754-2008 leaves it open, and so do we.
EITHER_ZERO = {"maximum", "minimum"}
# exp(n) (1 - n) - 1 for n near 0, whose sign is that of a rounding.
LOST_SIGN = {"celu_vjp_alpha"}
SETTINGS = {"t": 3, "alpha": 1e-2, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "eps_hat": 1e-8}
# Every other state is a sum of squares or a norm; AdaDelta's d is one, Graves' d a step.
SIGNED = {"theta", "g", "m", "b", "a", "d", "g_bar", "h"}


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
        keep = keep - {"d"} if self.program.name == "adadelta" else keep
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
    folders = {"fusegrad.optim": optim, "fusegrad.optim.dialects": optim.dialects}
    files = [
        import_module(f"{name}.{m.name}")
        for name, folder in folders.items()
        for m in iter_modules(folder.__path__)
    ]
    return {
        name: f
        for file in files
        for name, f in inspect.getmembers(file, inspect.isfunction)
        if f.__module__ == file.__name__
        and list(inspect.signature(f).parameters)[:2] == ["theta", "g"]
        and "states" not in inspect.signature(f).parameters  # a rule around a rule
    }


def _of_arrays(rule: Callable[..., Any]) -> Program:
    """An update's program without what the host keeps of it."""
    p = trace(rule, scales=True)
    outputs = tuple(node for node in p.outputs if node.elementwise)
    return Program(p.name, p.inputs, p.scalars, outputs, p.names)


UPDATES = _updates_of_optim()
ROW_RULES = _rules_of_rows()
RULES = {**ROW_RULES, **{name: Rule(_of_arrays(f)) for name, f in UPDATES.items()}}


# ---- agreement of two readers ---------------------------------------------------------------
def assert_agree(rule: Rule, points: Sequence[np.ndarray], one: Any, other: Any) -> None:
    """Two readers' results at the same points: same dtype, shape, nan, inf and signs of zero;
    numbers within what is granted to both."""
    either_zero = EITHER_ZERO & {n.name for n in rule.program.words}
    lost_sign = rule.program.name in LOST_SIGN
    bound = Bound(rule.program, np.result_type(*points).name)
    for k, (a, b) in enumerate(zip(outputs(one), outputs(other), strict=True)):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        differ = (a != b) & ~((a != a) & (b != b))
        if not either_zero and a.dtype != bool:
            differ |= (a == 0) & (b == 0) & (np.signbit(a) != np.signbit(b))
        for i in map(tuple, np.argwhere(differ)):
            point = [x[i] for x in np.broadcast_arrays(*points)]
            exact = bound(*point, **rule.scalars)[k]
            if lost_sign and exact.error >= abs(exact.value):
                continue
            assert a.dtype != bool and a[i] != b[i], (point, a[i], b[i])
            if exact.error == MP.inf and meet_at_infinity(a[i], b[i]):
                continue
            assert np.isfinite(a[i]) and np.isfinite(b[i]), (point, a[i], b[i])
            assert abs(float(a[i]) - float(b[i])) <= 2 * exact.error, (point, a[i], b[i])


def meet_at_infinity(a: Any, b: Any) -> bool:
    """Whether one is infinite and the other as large as numbers get, on the same side."""
    low, high = sorted((abs(a), abs(b)))
    same_side = np.signbit(a) == np.signbit(b)
    return bool(same_side and high == np.inf and low > 0.999 * np.finfo(a.dtype).max)


def outputs(result: Any) -> tuple[np.ndarray, ...]:
    """One result or several, as several."""
    return result if isinstance(result, tuple) else (result,)
