"""Theorem 4.1 and Corollary 4.2 of Adam's paper: the regret bound along real runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor
from ..optim.schedules import InverseSqrt
from .algorithm import PAPER
from .claim import Finding, Suite, claim
from .counterexamples import BETAS, C, period_three
from .drive import Array, Make, noise, play


def right_side(
    g: Array,
    v_hat: Array,
    *,
    alpha: float,
    betas: tuple[float, float],
    lambd: float,
    diameter: float,
    largest: float,
) -> Array:
    """The bound of Theorem 4.1 after every step, in one dimension (D = D_inf).

    Shapes: g, v_hat (T,) -> (T,).
    """
    beta1, beta2 = betas
    gamma, t = beta1**2 / np.sqrt(beta2), np.arange(1, len(g) + 1)
    first = diameter**2 / (2 * alpha * (1 - beta1)) * np.sqrt(t * v_hat)
    weight = (1 - beta1) * np.sqrt(1 - beta2) * (1 - gamma) ** 2
    second = alpha * (1 + beta1) * largest / weight * np.sqrt(np.cumsum(g * g))
    third = diameter**2 * largest * np.sqrt(1 - beta2)
    return np.asarray(first + second + third / (2 * alpha * (1 - beta1) * (1 - lambd) ** 2))


PERIOD_THREE: dict[str, Any] = {"betas": BETAS, "diameter": 2.0, "largest": C}


def _v_hat(g: Array, beta2: float) -> Array:
    v, out = 0.0, []
    for t, x in enumerate(g, start=1):
        v = beta2 * v + (1 - beta2) * x * x
        out.append(v / (1 - beta2**t))
    return np.array(out)


def first_crossing(suite: Suite, alpha: float, lambd: float, rounds: int) -> int:
    """The first step at which regret on the period-3 problem passes the bound; 0 if none."""
    g = period_three(rounds)
    settings: dict[str, Any] = {"lr": InverseSqrt(alpha), "betas": BETAS, "eps": 0.0}
    _, regret = play(suite["adam"], g, **settings)
    bound = right_side(g, _v_hat(g, BETAS[1]), alpha=alpha, lambd=lambd, **PERIOD_THREE)
    over = np.flatnonzero(regret[:, 0] > bound)
    return int(over[0]) + 1 if len(over) else 0


@claim(
    "theorem-4.1",
    "R(T) <= D^2 / (2 alpha (1 - beta1)) sum sqrt(T vhat) + ... for convex losses, any T",
    source=f"{PAPER}, Theorem 4.1, with Reddi's projection onto [-1, 1]",
    how="the period-3 problem, C = 3, alpha = 1, lambda = 0.5: regret beside the right side",
    figure="first T with R(T) above the bound",
    within=(189, 189),
    fails="AMSGrad stays below it on this problem; Adam's regret grows linearly there",
)
def _(suite: Suite) -> Finding:
    crossed = first_crossing(suite, alpha=1.0, lambd=0.5, rounds=100)
    known = {(0.5, 0.5): 234, (1.0, 0.0): 144, (0.5, 0.0): 153}
    same = all(first_crossing(suite, *key, rounds=100) == at for key, at in known.items())
    settings: dict[str, Any] = {"lr": InverseSqrt(1.0), "betas": BETAS, "eps": 0.0}
    g = period_three(1000)
    regret = play(suite["amsgrad"], g, **settings)[1][:, 0]
    bound = right_side(g, _v_hat(g, BETAS[1]), lambd=0.0, **PERIOD_THREE, alpha=1.0)
    return Finding(float(crossed), crossed == 0, same and bool((regret <= bound).all()))


@claim(
    "theorem-4.1-where-it-holds",
    "The same bound along losses without a trap",
    source=f"{PAPER}, Theorem 4.1",
    how="slopes of 0.1 plus noise on [-1, 1], 20 runs of 2,000 steps, beta1 = 0, beta2 = 0.99",
    figure="largest R(T) over the bound",
    within=(0.0, 0.5),
)
def _(suite: Suite) -> Finding:
    g = (0.1 + noise(91, 2000, 20)).clip(-2, 2)
    betas = (0.0, 0.99)
    xs, _ = play(suite["adam"], g, lr=InverseSqrt(0.5), betas=betas, eps=0.0)
    regret = np.cumsum(g * xs, axis=0) + abs(np.cumsum(g, axis=0))  # the best x so far
    worst = 0.0
    for k in range(20):
        settings: dict[str, Any] = {
            "alpha": 0.5,
            "betas": betas,
            "lambd": 0.5,
            "diameter": 2.0,
            "largest": 2.0,
        }
        bound = right_side(g[:, k], _v_hat(g[:, k], 0.99), **settings)
        worst = max(worst, float((regret[:, k] / bound).max()))
    return Finding(worst, worst <= 1)


@claim(
    "corollary-4.2",
    "R(T) / T = O(1 / sqrt(T)), so the average regret goes to 0",
    source=f"{PAPER}, Corollary 4.2",
    how="the period-3 problem, alpha = 0.5: R(T) sqrt(T) / T at T = 1,500 and 15,000",
    figure="growth of R(T) / sqrt(T) over the decade, which should not grow",
    within=(2.5, 4.0),
    fails="R(T) / T goes to 2 (C - 2) / 3 = 2/3 there; R(T) / sqrt(T) of AMSGrad does not grow",
)
def _(suite: Suite) -> Finding:
    settings: dict[str, Any] = {"lr": InverseSqrt(0.5), "betas": BETAS, "eps": 0.0}
    g = period_three(5000)
    growth, mean = {}, {}
    for name in ("adam", "amsgrad"):
        regret = play(suite[name], g, **settings)[1][:, 0]
        growth[name] = float(regret[-1] / regret[1499] / np.sqrt(10))
        mean[name] = float(regret[-1] / len(g))
    exact = growth["amsgrad"] <= 1.2 and abs(mean["adam"] - 2 / 3) < 0.05
    return Finding(growth["adam"], growth["adam"] <= 1.2, exact)


def average_regret(make: Make, **settings: Any) -> tuple[float, float]:
    """R(T) / T after 200 and after 2000 steps on noisy quadratics (x - z_t)^2 / 2, the mean of
    50 dimensions; the comparator is the best x for all 2000."""
    z = 0.5 * noise(92, 2000, 50) + 1.0
    p = Tensor(np.zeros(50), requires_grad=True)
    optimizer, xs = make([p], **settings), np.empty_like(z)
    for k, target in enumerate(z):
        xs[k] = p.data
        p.grad = Tensor(p.data - target)
        optimizer.step()
    losses = ((xs - z) ** 2 - (z.mean(0) - z) ** 2) / 2
    return float(losses[:200].mean()), float(losses.mean())


@claim(
    "regret-vanishes",
    "On a noisy convex problem the average regret falls with alpha / sqrt(t)",
    source=f"{PAPER}, section 4; Adagrad and AMSGrad by their own theorems",
    how="noisy quadratics in 50 dimensions: R(T) / T at T = 200 over T = 2000",
    figure="smallest ratio of Adam (also as AdamConvex), AdaMax, Adagrad, AMSGrad; 3.16 is "
    "O(1 / sqrt(T))",
    within=(2.5, 12.0),
)
def _(suite: Suite) -> Finding:
    rate: dict[str, Any] = {"lr": InverseSqrt(0.3)}
    ratios = []
    runs: dict[str, dict[str, Any]] = {
        "adam": rate,
        "adamax": rate,
        "adagrad": {"lr": 0.3},
        "amsgrad": rate,
        "adam_convex": {"lr": 0.3, "beta1_decay": 0.999},
    }
    for name, settings in runs.items():
        early, late = average_regret(suite[name], **settings)
        ratios.append(early / late)
    return Finding(min(ratios), min(ratios) > 2.5)
