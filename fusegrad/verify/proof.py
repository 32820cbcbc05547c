"""Section 4 and the appendix of Adam's paper: the steps of its proof, one by one."""

from __future__ import annotations

import numpy as np

from ..optim.schedules import Geometric
from .algorithm import PAPER, ROUNDING
from .claim import Finding, Suite, claim
from .drive import noise, path, relative, steps_of


@claim(
    "lemma-10.3",
    "sum_t sqrt(g_t^2 / t) <= 2 G_inf ||g||_2",
    source=f"{PAPER}, Lemma 10.3",
    how="g = (0.1) asks 0.1 <= 0.02; g_t = t^(-1/2) for 10^6 steps",
    figure="left side over right side for g_t = t^(-1/2), G_inf = 1",
    within=(1.89, 1.91),
    fails="by Cauchy and Schwarz, sum_t sqrt(g_t^2 / t) <= ||g||_2 sqrt(1 + log T)",
)
def _(suite: Suite) -> Finding:
    t = np.arange(1.0, 1e6 + 1)
    g = t**-0.5
    left, size = float((g / np.sqrt(t)).sum()), float(np.sqrt((g * g).sum()))
    small = 0.1 <= 2 * 0.1 * 0.1
    return Finding(
        left / (2 * size), small and left <= 2 * size, left <= size * np.sqrt(1 + np.log(1e6))
    )


@claim(
    "root-of-vhat",
    "sqrt(vhat_t) <= G_inf sqrt(1 - beta2), used for the last term of Theorem 4.1",
    source=f"{PAPER}, appendix 10.1",
    how="a constant gradient of 1 at beta2 = 0.999: Adam's own v, corrected",
    figure="sqrt(vhat), where the bound is 0.0316",
    within=(1 - 1e-12, 1 + 1e-12),
    fails="sqrt(vhat_t) <= G_inf, as a weighted mean of squares",
)
def _(suite: Suite) -> Finding:
    g = np.concatenate([np.ones((50, 1)), noise(71, 50, 100).clip(-1, 1)], axis=1)
    states = path(suite["adam"], g).states
    roots = np.sqrt(states["v"] / -np.expm1(50 * np.log(0.999)))
    root = float(roots[0])
    return Finding(root, root <= np.sqrt(0.001), bool((roots <= 1 + 1e-12).all()))


@claim(
    "correction-of-a-fading-beta1",
    "mhat_t = m_t / (1 - beta1^t) also where beta1 fades as beta1 lambda^(t - 1)",
    source=f"{PAPER}, section 4 with Algorithm 1",
    how="a constant gradient, lambda = 0.99, t = 20: Adam with such a beta1",
    figure="mhat / g, which should be 1",
    within=(1.117, 1.119),
    fails="the weights of m sum to 1 - prod_s beta1_s; with that correction mhat = g",
)
def _(suite: Suite) -> Finding:
    g = np.ones(20)
    fading = Geometric(0.9, 0.99)
    # Adam divides by 1 - beta1_t^t; the paper by 1 - beta1^t: the ratio is put back.
    step = steps_of(suite["adam"], g, lr=1.0, betas=(fading, 0.999), eps=0.0)[-1, 0]
    paper = float(step * (1 - fading(20) ** 20) / (1 - 0.9**20))
    settings = {"betas": (0.9, 0.999), "eps": 0.0, "beta1_decay": 0.99}
    right = steps_of(suite["adam_convex"], g, lr=1.0, **settings)[:, 0]
    exact = relative(right * np.sqrt(np.arange(1, 21)), 1.0)
    return Finding(paper, abs(paper - 1) < ROUNDING, exact < ROUNDING)


@claim(
    "gamma-is-positive",
    "sqrt(V_t) / alpha_t - sqrt(V_(t-1)) / alpha_(t-1) >= 0, so that sums telescope",
    source=f"{PAPER}, proof of Theorem 4.1; the error is named by Reddi et al. 2018, section 4",
    how="Adam with alpha / sqrt(t): one gradient of 1, then of 0.01, beta2 = 0.9",
    figure="most negative difference, over sqrt(V_1) / alpha_1",
    within=(-0.2, -0.001),
    fails="AMSGrad's running maximum makes it true",
)
def _(suite: Suite) -> Finding:
    g = np.full(30, 0.01)
    g[0] = 1.0
    settings = {"betas": (0.0, 0.9), "eps": 0.0}
    root_t = np.sqrt(np.arange(1.0, 31))
    adam = g / steps_of(suite["adam"], g, lr=1.0, **settings)[:, 0] * root_t
    ams = g / steps_of(suite["amsgrad"], g, lr=1.0, **settings)[:, 0] * root_t
    lowest = float(np.diff(adam).min() / adam[0])
    return Finding(lowest, lowest >= 0, bool((np.diff(ams) >= 0).all()))
