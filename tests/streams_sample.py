"""Eight streams of gradients, and how many units a step of any reader lies from the exact one.

A step is made from the numbers that a kernel holds, as the binary values they are: once by a
reader, and once in 50 digits, so that what earlier steps rounded does not count. The unit is
the ulp of the result, or of what the same step makes of |g| and states of |.|, whichever is
larger: where positive and negative gradients cancel in m, so do their last digits, and no
arithmetic of this precision could keep them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fusegrad import Tensor, optim
from fusegrad.kernels import Constant, Update
from fusegrad.kernels.program import Program
from fusegrad.optim import Functional, Optimizer
from fusegrad.optim.functional import State
from fusegrad.optim.launch import scalars_at
from fusegrad.optim.memory import new_state
from tests.bounds_sample import MP
from tests.optim_sample import CASES, Case, leaf
from tests.oracles import others

VSGD = Case(
    lambda params, **settings: optim.VSGD(params, rng=np.random.default_rng(0), **settings),
    others.vsgd,
    {"slow_start": 4, "overestimate": 10.0},
)
EVERY = {**CASES, "vsgd": VSGD}
STREAMS = ("tiny", "zero_runs", "sign_flips", "huge", "sparse", "growing", "noise", "constant")
# 1e30 has no square in float32; 1e15 has.
HUGE = {"float32": 1e15, "float64": 1e30}
# Values that a rule takes as a difference of larger ones: a rounding of those is many ulps of
# the difference, which no later word can mend. Each may therefore move by as many ulps of the
# larger as a result may.
#   variance = n - g_bar^2: n and g_bar are states, themselves rounded to an ulp; g_bar^2 has
#     twice the error of g_bar; the square and the difference round once more: 4 ulps of n.
#   rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t): on the host, in float64. rho_inf rounds
#     twice; the subtrahend, nearly as large, in its power, product, divisor and quotient.
DIFFERENCES = {"variance": ("n", "v"), "rho_t": ("rho_inf",)}
# Graves' d points down the slope, so that d = -|d| is what adds up with |g|.
DOWN = {"rmsprop_centred": ("d",)}


# t counts up, and then leaps: 1 - 1/t and such cancel more the larger t is.
TIMES = (*range(1, 41), 100, 1000, 10_000, 10**5, 10**6, 10**7)
LIMITS = {"float32": 8.0, "float64": 4.0}
# Adam divides a state by the root of one, each rounded to about an ulp; vSGD multiplies by the
# square of one and divides by two more: 2 + 1 + 1 for 1 + 1/2.
MORE = {"vsgd": 2.5}


def limit_of(name: str, dtype: str) -> float:
    """Units that a step may err."""
    return LIMITS[dtype] + MORE.get(name, 0.0)


def gradients(dtype: str, steps: int) -> np.ndarray:
    """Shapes: (steps, 8), a column a stream."""
    noise, t = np.random.default_rng(7).standard_normal(steps), np.arange(1.0, steps + 1)
    columns = {
        "tiny": 1e-8 * noise,
        "zero_runs": np.where(t % 40 < 20, noise, 0),
        "sign_flips": (-1) ** t,
        "huge": HUGE[dtype] * noise,
        "sparse": np.where(t % 25 == 1, noise, 0),
        "growing": t**3,
        "noise": noise,
        "constant": np.full(steps, 0.7),
    }
    return np.stack([columns[name] for name in STREAMS], axis=1).astype(dtype)


class Held(NamedTuple):
    """What a step reads: t, arrays and scalars by name, and the states that the host keeps."""

    t: int
    arrays: dict[str, np.ndarray]
    scalars: dict[str, float]
    host: dict[str, float]


Reader = Callable[[Held], Mapping[str, Any]]


def walk(optimizer: Optimizer, times: Sequence[int]) -> Iterator[Held]:
    """What NumPy's kernel holds before each step. Every other step starts at theta = 0, where
    all bits of the step itself are seen."""
    (group,) = optimizer.param_groups
    (p,) = group["params"]
    state = {"theta": np.zeros_like(p.data), **new_state(optimizer, p, group)}
    state |= {n: np.linspace(0.5, 4, p.size, dtype=p.dtype) for n in optimizer.measures}
    step, names = of_kernel(optimizer, "numpy"), optimizer.update.program.inputs
    for k, (t, g) in enumerate(zip(times, gradients(p.dtype.name, len(times)), strict=True)):
        if k % 2 == 0:
            state["theta"] = np.zeros_like(p.data)
        host = {n: state[n] for n in optimizer.host_names}
        arrays = {n: g if n == "g" else state[n] for n in names}
        yield (held := Held(t, arrays, scalars_at(optimizer, group, t, host), host))
        state |= step(held)


# ---- the readers -----------------------------------------------------------------------------
def of_kernel(optimizer: Optimizer, reader: str) -> Reader:
    """One step by NumPy or Numba."""
    update = Update(optimizer.update.rule, reader=reader)

    def step(held: Held) -> Mapping[str, Any]:
        arrays = {n: a.copy() for n, a in held.arrays.items()}
        return {**arrays, **update([tuple(arrays.values())], **held.scalars)}

    return step


def of_tensors(make: Any, settings: Mapping[str, Any]) -> Reader:
    """One step on Tensors."""
    functional = Functional(make, **settings)

    def step(held: Held) -> Mapping[str, Any]:
        tensors = {n: Tensor(a) for n, a in held.arrays.items()}
        theta, g = tensors.pop("theta"), tensors.pop("g")
        theta, new = functional.update(theta, g, State(held.t - 1, tensors, held.host))
        return {"theta": theta.data, **{n: x.data for n, x in new.arrays.items()}, **new.host}

    return step


# ---- exact numbers ---------------------------------------------------------------------------
Values = dict[str, Any]


def as_float(constant: Any) -> Any:
    """A rule's constant as the binary number that the readers have."""
    return constant.exact(MP) if isinstance(constant, Constant) else MP.mpf(constant)


def exact_step(
    program: Program,
    given: Mapping[str, Any],
    moved: Mapping[str, Any] = {},
    constant: Callable[[Any], Any] = as_float,
) -> Values:
    """Every value that the rule names, in 50 digits; those in `moved` shifted, but not below
    0."""
    values: dict[Any, Any] = {}
    for node in program.nodes:
        if node.is_leaf:
            is_constant = node.name == "constant"
            values[node] = constant(node.value) if is_constant else MP.mpf(given[node.value])
            continue
        values[node] = node.function.exact(*(values[a] for a in node.args))
        if (name := program.named.get(node)) in moved:
            values[node] = max(values[node] + moved[name], MP.mpf(0))
    return {name: values[node] for node, name in program.named.items()}


def ulp(x: Any, dtype: str) -> Any:
    """The distance between neighbours at x; below the normal numbers, of subnormals."""
    limits = np.finfo(dtype)
    exponent = int(MP.frexp(abs(x))[1]) if x else limits.minexp
    return MP.ldexp(1, max(exponent, limits.minexp + 1) - limits.nmant - 1)


class Judge:
    """The exact step from held numbers, for one element, and how far others are from it."""

    def __init__(self, program: Program, dtype: str, limit: float, held: Held, i: int) -> None:
        self.program, self.limit = program, limit
        self.point = {n: float(a[i]) for n, a in held.arrays.items()} | held.scalars
        stored = zip(program.output_names, program.stored, strict=True)
        self.dtypes = {name: dtype if array else "float64" for name, array in stored}
        self.exact = exact_step(program, self.point)
        self.reach = [self.exact, *self._reach()]
        self.units = self._units(tuple(held.arrays))

    def _reach(self) -> Iterator[Values]:
        """The step where a difference lies as far to either side as its terms may."""
        for name in self.exact.keys() & DIFFERENCES.keys():
            (larger,) = self.exact.keys() & set(DIFFERENCES[name])
            dtype = self.dtypes.get(larger, "float64")  # what is no state is the host's
            shift = self.limit * ulp(self.exact[larger], dtype)
            for side in (-shift, shift):
                yield exact_step(self.program, self.point, {name: side})

    def _units(self, names: tuple[str, ...]) -> Values:
        down = DOWN.get(self.program.name, ())
        sizes = {n: abs(self.point[n]) * (-1 if n in down else 1) for n in names}
        made = exact_step(self.program, {**self.point, **sizes})
        made["theta"] -= sizes["theta"]  # the step alone
        return {
            n: ulp(max(abs(self.exact[n]), abs(made[n])), dtype)
            for n, dtype in self.dtypes.items()
        }

    def distance(self, name: str, got: float) -> float:
        """Units from `got` to the exact number, or to where its differences may put it."""
        low, high = (f(v[name] for v in self.reach) for f in (min, max))
        return float(max(low - MP.mpf(got), MP.mpf(got) - high, 0) / self.units[name])


def readers_of(case: Case, settings: Mapping[str, Any], optimizer: Optimizer) -> Any:
    """All readers of a rule on the CPU, by name; Tensors have no measured curvature."""
    kernels = {name: of_kernel(optimizer, name) for name in ("numpy", "numba")}
    if optimizer.measures:
        return kernels
    return {**kernels, "tensor": of_tensors(case.make, settings)}


def worst(
    case: Case, settings: Mapping[str, Any], dtype: str, limit: float
) -> dict[tuple[str, str], float]:
    """The largest distance of each reader, in units, for theta and each state."""
    optimizer = case.make([leaf(0.0, (len(STREAMS),), dtype)], **settings)
    program, readers = optimizer.update.program, readers_of(case, settings, optimizer)
    found = {(reader, n): 0.0 for reader in readers for n in program.output_names}
    for held in walk(optimizer, TIMES):
        steps = {name: reader(held) for name, reader in readers.items()}
        for i in range(len(STREAMS)):
            judge = Judge(program, dtype, limit, held, i)
            for reader, n in found:
                got = float(np.broadcast_to(steps[reader][n], len(STREAMS))[i])
                found[reader, n] = max(found[reader, n], judge.distance(n, got))
    return found
