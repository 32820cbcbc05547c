"""Where Adam does not converge: Reddi et al. 2018, and Bock & Weiss 2019."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor
from ..optim.schedules import InverseSqrt
from .claim import Finding, Suite, claim
from .drive import Array, play
from .relatives import REDDI

C = 3.0
BETAS = (0.0, 1 / (1 + C * C))


def period_three(rounds: int) -> Array:
    """C, -1, -1 again and again: the best x is -1. Shapes: (3 rounds,)."""
    return np.tile([C, -1.0, -1.0], rounds)


@claim(
    "adam-diverges-online",
    "Adam goes to x = +1, the worst point: regret 2 (C - 2) / 3 a step, at alpha / sqrt(t)",
    source=f"{REDDI}, Theorem 1",
    how="C = 3, beta1 = 0, beta2 = 1 / (1 + C^2), alpha = 0.1, 30,000 steps on [-1, 1]",
    figure="R(T) / T, whose limit is 2/3",
    within=(0.655, 0.67),
)
def _(suite: Suite) -> Finding:
    settings: dict[str, Any] = {"lr": InverseSqrt(0.1), "betas": BETAS, "eps": 0.0}
    xs, regret = play(suite["adam"], period_three(10_000), **settings)
    mean = float(regret[-1, 0] / len(xs))
    return Finding(mean, xs[-3:].max() > 0.99 and abs(mean - 2 / 3) < 0.012)


@claim(
    "amsgrad-repairs-it",
    "AMSGrad goes to x = -1 there, with R(T) / T towards 0; so do AdaGrad, AdamNC and SGD",
    source=f"{REDDI}, Theorem 4, Corollaries 1 and 2",
    how="the same problem, 30,000 steps",
    figure="largest R(T) / T of the four",
    within=(0.0, 0.02),
)
def _(suite: Suite) -> Finding:
    slopes, ends, means = period_three(10_000), [], []
    rate = InverseSqrt(0.1)
    runs: dict[str, dict[str, Any]] = {
        "amsgrad": {"lr": rate, "betas": BETAS, "eps": 0.0},
        "adagrad": {"lr": 0.1, "eps": 0.0},
        "adam_nc": {"lr": 0.1, "beta1": 0.0, "eps": 0.0},
        "sgd": {"lr": rate},
    }
    for name, settings in runs.items():
        xs, regret = play(suite[name], slopes, **settings)
        ends.append(float(xs[-3:].max()))
        means.append(float(regret[-1, 0] / len(xs)))
    return Finding(max(means), max(ends) < -0.98 and max(means) < 0.02)


@claim(
    "adam-diverges-at-constant-alpha",
    "A constant step size does not help: x keeps returning to +1",
    source=f"{REDDI}, section 3",
    how="the same problem, alpha = 0.1, 3,000 steps",
    figure="R(T) / T",
    within=(0.70, 0.72),
)
def _(suite: Suite) -> Finding:
    settings: dict[str, Any] = {"lr": 0.1, "betas": BETAS, "eps": 0.0}
    xs, regret = play(suite["adam"], period_three(1000), **settings)
    mean = float(regret[-1, 0] / len(xs))
    return Finding(mean, bool((xs[600:].reshape(-1, 3).max(1) == 1.0).all()) and mean > 0.5)


@claim(
    "adam-diverges-in-the-mean",
    "For stochastic gradients, too, Adam goes to the worst point, and AMSGrad to the best",
    source=f"{REDDI}, Theorem 3",
    how="slope 3 with probability 0.3, else -1: 200 runs of 4,000 steps, alpha = 0.05",
    figure="mean x of Adam at the end, where the best is -1",
    within=(0.8, 1.0),
)
def _(suite: Suite) -> Finding:
    rng = np.random.default_rng(81)
    slopes = np.where(rng.random((4000, 200)) < 0.3, C, -1.0)
    settings: dict[str, Any] = {"lr": 0.05, "betas": BETAS, "eps": 0.0}
    adam, ams = (play(suite[n], slopes, **settings)[0][-1] for n in ("adam", "amsgrad"))
    return Finding(adam.mean(), adam.mean() > 0.8 and ams.mean() < -0.8)


@claim(
    "two-cycle",
    "With a constant step size Adam need not converge on a quadratic: it can hop between "
    "+-alpha (1 - beta1) / (2 (1 + beta1)) for ever, for any beta2 and any curvature",
    source="Bock & Weiss 2019, Non-convergence and limit cycles in the Adam optimizer",
    how="the closed form of the cycle as the state, t = 10^7, 12 settings, 1000 steps; 20 at "
    "beta1 = 0.9, where the cycle repels and roundings grow",
    figure="largest relative distance from the cycle",
    within=(0.0, 1e-9),
)
def _(suite: Suite) -> Finding:
    worst = 0.0
    for beta1 in (0.0, 0.5, 0.9):
        for beta2 in (0.9, 0.999):
            for curve in (1.0, 50.0):
                worst = max(worst, _cycle(suite, beta1, beta2, curve, alpha=0.1))
    return Finding(worst, worst < 1e-9)


def _cycle(suite: Suite, beta1: float, beta2: float, curve: float, alpha: float) -> float:
    """How far Adam leaves the orbit that it is set upon, relative to the orbit."""
    orbit = alpha * (1 - beta1) / (2 * (1 + beta1))
    p = Tensor([orbit], requires_grad=True)
    optimizer = suite["adam"]([p], lr=alpha, betas=(beta1, beta2), eps=0.0)
    m = -(1 - beta1) / (1 + beta1) * curve * orbit
    states = {"step": 10**7, "m": np.array([m]), "v": np.array([(curve * orbit) ** 2])}
    group = {**optimizer.param_groups[0], "params": [0]}
    optimizer.load_state_dict({"state": {0: states}, "param_groups": [group]})
    worst = 0.0
    for k in range(1000 if beta1 < 0.9 else 20):
        p.grad = Tensor(curve * p.data)
        optimizer.step()
        worst = max(worst, abs(float(p) / (orbit * (-1) ** (k + 1)) - 1))
    return worst
