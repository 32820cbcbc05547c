"""What the properties of optimizers share: gradients to draw, paths, and how far roundings may
carry them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fusegrad as fg
from fusegrad.optim.schedules import Schedule
from tests.optim_sample import Case, run

Make = Callable[..., Any]
EPS = float(np.finfo(np.float64).eps)
LR = 0.01
SIGNS = st.sampled_from([-1.0, 1.0])
MAGNITUDES = st.floats(1e-3, 1e3)
NUMBERS = st.builds(lambda sign, size: sign * size, SIGNS, MAGNITUDES)
# Sixteen decades, so that any one gradient may drown the others.
WILD = st.builds(lambda sign, x: sign * 10**x, SIGNS, st.floats(-8, 8))
POWERS_OF_TWO = st.integers(-20, 20).map(lambda k: 2.0**k)
SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 4))
EPSILONS = st.sampled_from([0.0, 1e-8, 1e-3])
BETA1 = st.floats(0, 0.99) | st.just(0.9)
BETA2 = st.floats(0.1, 0.9999) | st.just(0.999)
BETAS = st.tuples(BETA1, BETA2)


def each(examples: int) -> settings:
    """So many examples, the same in every run."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        report_multiple_bugs=False,
    )


def streams(elements: Any, shapes: Any = SHAPES) -> Any:
    """Gradients of every step. Shapes: (T, n)."""
    return hnp.arrays(np.float64, shapes, elements=elements, fill=st.nothing())


STREAMS = streams(NUMBERS | st.just(0.0))


# ---- paths ----------------------------------------------------------------------------------
def begun(
    make: Make, n: int, start: Any = 0.0, dtype: Any = np.float64, **given: Any
) -> tuple[fg.Tensor, Any]:
    """A parameter of n elements and its optimizer."""
    p = fg.Tensor(np.full((n,), start), dtype=dtype, requires_grad=True)
    return p, make([p], **given)


def walk(make: Make, g: np.ndarray, **given: Any) -> np.ndarray:
    """theta after each step. Shapes: gradients (T, n), gives (T, n)."""
    p, optimizer = begun(make, g.shape[1], **given)
    return np.stack(run(optimizer, p, g))


def moves(make: Make, g: np.ndarray, **given: Any) -> np.ndarray:
    """Each step by itself, taken from theta = 0, where it is not rounded to theta's size.

    Shapes: gradients (T, n), gives (T, n)."""
    p, optimizer = begun(make, g.shape[1], **given)
    found = []
    for row in g:
        p.assign_(np.zeros(p.shape))
        found += run(optimizer, p, [row])
    return np.stack(found)


def walk_of(case: Case, g: np.ndarray, **given: Any) -> np.ndarray:
    """The path of a row of the table."""
    return walk(case.make, g, **{**case.settings, **given})


# ---- what roundings may add -----------------------------------------------------------------
def roundings(steps: int) -> np.ndarray:
    """What a path may err after each step, in EPS of the path that the gradients would take
    without signs, so that cancellation in a mean counts as no error.

    A gradient of s steps ago is rounded 2 s + 2 times in m, 2 s + 3 times in the root's square;
    ten more roundings make the step, and each step rounds theta: (4 t + 16) EPS / 2.
    Shapes: (T, 1).
    """
    return 2.0 * np.arange(1, steps + 1)[:, None] + 8


def room(make: Make, g: np.ndarray, **given: Any) -> np.ndarray:
    """What roundings may add to a path from 0. Shapes: (T, n)."""
    return roundings(len(g)) * EPS * abs(walk(make, abs(g), **given))


def agree(got: np.ndarray, want: np.ndarray, allowed: Any) -> bool:
    """Whether two paths are no further apart than allowed; nan never is."""
    return bool(np.all(abs(got - want) <= allowed))


# ---- formulas -------------------------------------------------------------------------------
def lost(beta: float, t: int) -> float:
    """1 - beta^t."""
    return -math.expm1(t * math.log(beta)) if beta else 1.0


def sup_adam(beta1: float, beta2: float, t: int) -> float:
    """|Delta_t| <= alpha times this for eps = 0 and any gradients; g_(t-k) ~ (beta1 / beta2)^k
    attain it, by Cauchy and Schwarz."""
    powers = (beta1**2 / beta2) ** np.arange(t)
    spread = lost(beta2, t) / (1 - beta2) * powers.sum()
    return float((1 - beta1) / lost(beta1, t) * np.sqrt(spread))


def sup_adamax(beta1: float, beta2: float, t: int) -> float:
    """The same for AdaMax, from |g_(t-k)| <= u_t beta2^-k; g_i = beta2^i attain it."""
    return float((1 - beta1) / lost(beta1, t) * ((beta1 / beta2) ** np.arange(t)).sum())


@dataclass(frozen=True)
class Uncorrected(Schedule):
    """value * sqrt(1 - beta^t): what a correction of the second moment divides by."""

    value: float
    beta: float

    def __call__(self, t: int) -> float:
        return self.value * math.sqrt(lost(self.beta, t))
