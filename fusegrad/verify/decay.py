"""Weight decay, coupled and decoupled: Loshchilov & Hutter."""

from __future__ import annotations

import numpy as np

from ..optim.schedules import Step
from .algorithm import ROUNDING
from .claim import Finding, Suite, claim
from .drive import mixed, noise, path, relative, steps_of

T, N = 50, 40


@claim(
    "adamw-decoupled",
    "Decay takes the share eta lambda of theta at every step, whatever alpha and the gradient",
    source="Loshchilov & Hutter, arXiv 1711.05101, Algorithm 2",
    how="three step sizes, eta halved half way; with gradients, beside Adam's own steps",
    figure="largest difference of theta, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    eta, worst = Step(1.0, every=25, factor=0.5), 0.0
    want = 3.0 * 0.9**25 * 0.95**25
    for lr in (0.0, 0.1, 10.0):
        settings = {"lr": lr, "weight_decay": 0.1, "eta": eta}
        got = path(suite["adamw_decoupled"], np.zeros(50), theta=3.0, **settings).theta
        worst = max(worst, relative(got[-1], want))
    g, theta = mixed(51, T, N), np.full(N, 3.0)
    got = path(suite["adamw_decoupled"], g, theta=3.0, lr=0.01, weight_decay=0.1).theta
    for step, now in zip(steps_of(suite["adam"], g, lr=0.01), got, strict=True):
        theta = 0.9 * theta - step
        worst = max(worst, relative(now, theta))
    return Finding(worst, worst < ROUNDING)


@claim(
    "adamw-in-libraries",
    "AdamW of the libraries is the paper's: its lambda is alpha times the library's",
    source="Loshchilov & Hutter, Algorithm 2, beside PyTorch and optax",
    how=f"{T} mixed gradients, both rules, theta from 2",
    figure="largest difference of theta, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g, settings = mixed(52, T, N), {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3}
    paper = path(suite["adamw_decoupled"], g, theta=2.0, weight_decay=1e-3, **settings).theta
    library = path(suite["adamw"], g, theta=2.0, weight_decay=0.1, **settings).theta
    return Finding(relative(library, paper), relative(library, paper) < ROUNDING)


@claim(
    "coupled-is-not-decoupled",
    "L2 regularisation is weight decay for SGD, and at the same lambda is not for Adam",
    source="Loshchilov & Hutter, arXiv 1711.05101, Propositions 1 and 2",
    how="50 steps with both, SGD and Adam, gradients of sizes 1e-2 to 1e2",
    figure="largest difference of theta for Adam, over theta's start",
    within=(0.1, 1.0),
)
def _(suite: Suite) -> Finding:
    g = noise(53, 50, 5) * 10.0 ** np.arange(-2, 3)
    coupled = path(suite["sgd"], g, theta=1.0, lr=0.01, weight_decay=0.5).theta
    theta = np.ones(5)
    for row in g:
        theta = theta - 0.01 * row - 0.01 * 0.5 * theta
    settings = {"lr": 0.01, "weight_decay": 0.5}
    adam = path(suite["adam"], g, theta=1.0, **settings).theta
    adamw = path(suite["adamw"], g, theta=1.0, **settings).theta
    gap = float(abs(adam - adamw).max())
    return Finding(gap, gap > 0.1 and relative(coupled[-1], theta) < ROUNDING)
