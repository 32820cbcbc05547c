"""Section 2.1 and the abstract of Adam's paper: what the scale of the gradients does."""

from __future__ import annotations

import numpy as np

from .algorithm import PAPER, ROUNDING
from .claim import Finding, Suite, claim
from .drive import mixed, noise, relative, steps_of

T, N = 60, 40
SCALED = {  # rules whose steps do not know the gradient's scale, without eps
    "adam": {"lr": 0.1, "eps": 0.0},
    "adam_eps_hat": {"lr": 0.1, "eps_hat": 0.0},
    "adamax": {"lr": 0.1},
    "adagrad": {"lr": 0.1, "eps": 0.0},
    "rmsprop": {"lr": 0.1, "eps": 0.0},
    "amsgrad": {"lr": 0.1, "eps": 0.0},
    "nadam": {"lr": 0.1, "eps": 0.0},
    "adam_nc": {"lr": 0.1, "eps": 0.0},
    "adam_convex": {"lr": 0.1, "eps": 0.0},
    "lion": {"lr": 0.1},
}


@claim(
    "scale-invariance",
    "Rescaling the gradients by c changes no step: c cancels in c mhat / sqrt(c^2 vhat)",
    source=f"{PAPER}, section 2.1",
    how=f"{len(SCALED)} rules without eps, c = 2^40 and 2^-40, bit by bit",
    figure="steps that differ in any bit",
    within=(0.0, 0.0),
)
def _(suite: Suite) -> Finding:
    g, differ = mixed(11, T, N), 0
    for name, settings in SCALED.items():
        plain = steps_of(suite[name], g, **settings)
        for c in (2.0**40, 2.0**-40):
            differ += int((steps_of(suite[name], c * g, **settings) != plain).sum())
    return Finding(float(differ), differ == 0)


@claim(
    "diagonal-rescaling",
    "Steps are invariant to diagonal rescaling of the gradients",
    source=f"{PAPER}, abstract",
    how="every element by another factor, from 1e-6 to 1e6",
    figure="largest difference of a step, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g, worst = mixed(12, T, N), 0.0
    factors = 10.0 ** np.linspace(-6, 6, N)
    for name, settings in SCALED.items():
        plain = steps_of(suite[name], g, **settings)
        worst = max(worst, relative(steps_of(suite[name], factors * g, **settings), plain))
    return Finding(worst, worst < ROUNDING)


@claim(
    "eps-breaks-invariance",
    "With eps the invariance is lost where gradients are as small as it",
    source=f"{PAPER}, section 2.1: 'assuming eps = 0'",
    how="Adam, eps = 1e-8, gradients of size 1 and of size 1e-8",
    figure="first step at |g| = 1e-8, over alpha",
    within=(0.4999, 0.5001),
)
def _(suite: Suite) -> Finding:
    got = steps_of(suite["adam"], [[1.0, 1e-8]], lr=1.0, eps=1e-8)[0]
    return Finding(float(got[1]), bool(abs(got[0] - 1) < 1e-7 and abs(got[1] - 0.5) < 1e-4))


@claim(
    "signal-to-noise",
    "With a smaller signal-to-noise ratio the effective step is closer to zero",
    source=f"{PAPER}, section 2.1",
    how="constant signal plus normal noise of 0, 1/2, 2 and infinite times its size, 400 steps",
    figure="root mean square step of pure noise, over alpha: not 0, but near "
    "sqrt((1 - beta1) / (1 + beta1)) = 0.229",
    within=(0.220, 0.240),
)
def _(suite: Suite) -> Finding:
    z, sizes = noise(13, 400, 4000), []
    for signal, deviation in ((1.0, 0.0), (1.0, 0.5), (1.0, 2.0), (0.0, 1.0)):
        last = steps_of(suite["adam"], signal + deviation * z, lr=1.0, eps=0.0)[-1]
        sizes.append(float(np.sqrt((last**2).mean())))
    return Finding(sizes[-1], sizes == sorted(sizes, reverse=True) and abs(sizes[0] - 1) < 1e-9)
