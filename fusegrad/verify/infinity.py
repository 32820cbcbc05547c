"""Section 7.1 of Adam's paper: AdaMax."""

from __future__ import annotations

import numpy as np

from .algorithm import PAPER, ROUNDING, weighted
from .claim import Finding, Suite, claim
from .drive import Array, mixed, noise, path, relative, steps_of

T, N = 60, 40


def supremum(beta1: float, beta2: float, t: int) -> float:
    """The largest |step_t| / alpha: (1 - b1) / (1 - b1^t) sum_(k < t) (b1 / b2)^k."""
    powers = (beta1 / beta2) ** np.arange(t)
    return float((1 - beta1) / (1 - beta1**t) * powers.sum())


def fading_maximum(g: Array, beta2: float) -> Array:
    """max_i beta2^(t - i) |g_i| for every t. Shapes: (T, n) -> (T, n)."""
    ages = np.arange(len(g))
    rows = [(beta2 ** ages[t::-1][:, None] * abs(g[: t + 1])).max(0) for t in range(len(g))]
    return np.array(rows)


@claim(
    "adamax-closed-form",
    "u_t = max_i beta2^(t - i) |g_i|, and a step is alpha / (1 - beta1^t) m / u",
    source=f"{PAPER}, section 7.1, Algorithm 2 and equation (12)",
    how=f"{T} mixed gradients, {N} elements, without recursion",
    figure="largest difference of a step or of u, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g = mixed(31, T, N)
    u, m = fading_maximum(g, 0.95), weighted(g, 0.8)
    fade = 1 - 0.8 ** np.arange(1, T + 1)[:, None]
    want = 0.1 / fade * m / np.where(u == 0, 1.0, u)
    worst = relative(steps_of(suite["adamax"], g, lr=0.1, betas=(0.8, 0.95)), want)
    states = path(suite["adamax"], g, betas=(0.8, 0.95)).states
    worst = max(worst, relative(states["u"], u[-1]), relative(states["m"], m[-1]))
    return Finding(worst, worst < ROUNDING)


@claim(
    "adamax-is-the-limit",
    "u_t = lim (v_t)^(1/p), v_t = beta2^p v_(t-1) + (1 - beta2^p) |g_t|^p, p to infinity",
    source=f"{PAPER}, section 7.1, equations (6)-(11)",
    how="the L^p norm for p = 10, 100, 600 on 40 steps of noise",
    figure="largest relative difference at p = 600",
    within=(0.0, 0.01),
)
def _(suite: Suite) -> Finding:
    g, gaps = abs(noise(32, 40, N)) + 0.1, []
    u = path(suite["adamax"], g, betas=(0.9, 0.95)).states["u"]
    ages = np.arange(39, -1, -1.0)[:, None]
    for p in (10, 100, 600):
        logs = p * (ages * np.log(0.95) + np.log(g)) + np.log1p(-(0.95**p))
        top = logs.max(0)
        v = top + np.log(np.exp(logs - top).sum(0))
        gaps.append(relative(np.exp(v / p), u))
    return Finding(gaps[-1], gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.01)


@claim(
    "adamax-bound",
    "|step| <= alpha",
    source=f"{PAPER}, section 7.1, last sentence",
    how="gradients fading like u itself, g_i = beta2^i, 3000 steps at the defaults",
    figure="largest step over alpha",
    within=(1.00909, 1.009092),
    fails="the exact bound is alpha (1 - beta1) / (1 - beta1^t) sum_k (beta1 / beta2)^k",
)
def _(suite: Suite) -> Finding:
    steps = steps_of(suite["adamax"], 0.999 ** np.arange(3000.0), lr=1.0)[:, 0]
    bounds = np.array([supremum(0.9, 0.999, t) for t in (2, 10, 3000)])
    attained = abs(steps[[1, 9, 2999]] / bounds - 1).max() < 1e-12
    streams = np.concatenate([noise(33, 40, 2000), mixed(34, 40, 500)], axis=1)
    exact = np.array([supremum(0.9, 0.999, t) for t in range(1, 41)])[:, None]
    kept = (abs(steps_of(suite["adamax"], streams, lr=1.0)) <= exact * (1 + 1e-12)).all()
    worst = float(steps.max())
    return Finding(worst, worst <= 1, bool(attained and kept))


@claim(
    "adamax-needs-no-correction",
    "u needs no correction for its start at 0",
    source=f"{PAPER}, section 7.1",
    how="constant gradients of 5 sizes, 300 steps: every step is alpha",
    figure="largest difference of a step from alpha, over the largest",
    within=(0.0, 1e-13),
)
def _(suite: Suite) -> Finding:
    g = np.tile([1e-6, -1e-3, 1.0, -1e3, 1e6], (300, 1))
    steps = steps_of(suite["adamax"], g, lr=0.5)
    worst = relative(steps, 0.5 * np.sign(g))
    return Finding(worst, worst < 1e-13)
