"""Sections 5 and 7.2 of Adam's paper: RMSProp, Adagrad, averages; and momentum's two forms."""

from __future__ import annotations

import numpy as np

from ..engine import Tensor
from ..kernels.shape import assign
from ..optim import SGD, Averaged
from ..optim.schedules import InverseSqrt
from .algorithm import PAPER, ROUNDING, corrected, weighted
from .claim import Finding, Suite, claim
from .drive import Array, mixed, noise, path, relative, steps_of

T, N = 50, 40


@claim(
    "rmsprop-is-adam-without-correction",
    "RMSProp is Adam with beta1 = 0 but for the correction: its step times sqrt(1 - rho^t)",
    source=f"{PAPER}, section 5, RMSProp",
    how=f"{T} mixed gradients, {N} elements, without eps",
    figure="largest difference of a step, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g = mixed(41, T, N)
    adam = steps_of(suite["adam"], g, lr=0.1, betas=(0.0, 0.95), eps=0.0)
    plain = steps_of(suite["rmsprop"], g, lr=0.1, alpha=0.95, eps=0.0)
    fade = np.sqrt(1 - 0.95 ** np.arange(1, T + 1))[:, None]
    worst = relative(plain * fade, adam)
    return Finding(worst, worst < ROUNDING)


@claim(
    "rmsprop-first-step",
    "RMSProp's first step is alpha / sqrt(1 - rho): 3.16 alpha at 0.9, 10 alpha at 0.99",
    source="Tieleman & Hinton 2012, lecture 6.5, with v starting at 0",
    how="rho = 0.9 and 0.99",
    figure="first step at rho = 0.99, over alpha",
    within=(9.9999999, 10.0000001),
)
def _(suite: Suite) -> Finding:
    steps = [steps_of(suite["rmsprop"], [5.0], lr=1.0, alpha=a, eps=0.0) for a in (0.9, 0.99)]
    first, second = (float(s[0, 0]) for s in steps)
    return Finding(second, abs(first - 0.1**-0.5) < 1e-12 and abs(second - 10) < 1e-12)


@claim(
    "rmsprop-centred-is-finite",
    "n - gbar^2 is a variance, hence at least 0, as its root needs (implied, not written)",
    source="Graves, arXiv 1308.0850, equations (38)-(45), in float32",
    how="float32, 500 constant gradients, rho = 0.9, 1000 steps: n - gbar^2 as rounded",
    figure="smallest n - gbar^2 over g^2",
    within=(-1e-5, -1e-9),
    fails="rounding makes it negative; taken as 0 there, every step is a number",
)
def _(suite: Suite) -> Finding:
    g = np.linspace(1.0, 1000.0, 500).astype(np.float32)
    p = Tensor(np.zeros_like(g), requires_grad=True)
    optimizer = suite["rmsprop_centred"]([p], lr=0.01, alpha=0.9, momentum=0.0, eps=0.0)
    smallest, finite = np.inf, True
    for _ in range(1000):
        p.grad = Tensor(g)
        optimizer.step()
        state = optimizer.state[p]
        smallest = min(smallest, float(((state["n"] - state["g_bar"] ** 2) / g**2).min()))
        finite &= bool(np.isfinite(p.data).all())
    return Finding(smallest, smallest >= 0, finite)


@claim(
    "rmsprop-centred-closed-form",
    "delta = 0.9 delta - alpha g / sqrt(n - gbar^2 + eps), theta moves by delta",
    source="Graves, arXiv 1308.0850, equations (38)-(45)",
    how=f"{T} gradients of noise, against sums without recursion",
    figure="largest difference of theta, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g = noise(42, T, N)
    variance = weighted(g * g, 0.95) - weighted(g, 0.95) ** 2
    scaled = 0.01 * g / np.sqrt(variance + 0.1)
    lag = np.subtract.outer(np.arange(T), np.arange(T))
    moved = np.where(lag >= 0, 0.9 ** np.maximum(lag, 0), 0.0) @ scaled
    settings = {"lr": 0.01, "alpha": 0.95, "momentum": 0.9, "eps": 0.1}
    got = path(suite["rmsprop_centred"], g, **settings).theta
    worst = relative(got, -np.cumsum(moved, axis=0))
    return Finding(worst, worst < ROUNDING)


@claim(
    "adagrad-closed-form",
    "Adagrad steps by alpha g_t / sqrt(sum of all g_i^2)",
    source="Duchi, Hazan & Singer 2011; Adam's section 5",
    how=f"{T} mixed gradients; a constant one gives alpha / sqrt(t)",
    figure="largest difference of a step, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g = mixed(43, T, N)
    total = np.cumsum(g * g, axis=0)
    want = 0.1 * g / np.sqrt(np.where(total == 0, 1.0, total))
    worst = relative(steps_of(suite["adagrad"], g, lr=0.1, eps=0.0), want)
    constant = steps_of(suite["adagrad"], np.full(T, -3.0), lr=0.1, eps=0.0)[:, 0]
    worst = max(worst, relative(constant, -0.1 / np.sqrt(np.arange(1, T + 1))))
    return Finding(worst, worst < ROUNDING)


@claim(
    "adagrad-is-a-limit-of-adam",
    "Adagrad is Adam with beta1 = 0, 1 - beta2 infinitesimal and alpha / sqrt(t)",
    source=f"{PAPER}, section 5, AdaGrad",
    how="1 - beta2 = 1e-4, 1e-6, 1e-8: the difference falls with it; AdamNC is exact",
    figure="largest difference of a step over alpha, at 1e-8",
    within=(1e-12, 3e-8),
)
def _(suite: Suite) -> Finding:
    g = noise(44, T, N)
    want = steps_of(suite["adagrad"], g, lr=1.0, eps=0.0)
    gaps = []
    for rest in (1e-4, 1e-6, 1e-8):
        settings = {"lr": InverseSqrt(1.0), "betas": (0.0, 1 - rest), "eps": 0.0}
        gaps.append(float(abs(steps_of(suite["adam"], g, **settings) - want).max()))
    exact = steps_of(suite["adam_nc"], g, lr=1.0, beta1=0.0, eps=0.0)
    falls = gaps[0] > 50 * gaps[1] and gaps[1] > 50 * gaps[2]
    return Finding(gaps[-1], falls and relative(exact, want) < ROUNDING)


@claim(
    "adagrad-limit-needs-the-correction",
    "That correspondence is lost without the bias correction, which would give infinite steps",
    source=f"{PAPER}, section 5, AdaGrad",
    how="uncorrected, beta2 = 1 - 1e-8: the first step beside Adagrad's",
    figure="first step over alpha: 1 / sqrt(1 - beta2)",
    within=(9990.0, 10010.0),
)
def _(suite: Suite) -> Finding:
    first = steps_of(suite["rmsprop"], [2.0], lr=1.0, alpha=1 - 1e-8, eps=0.0)[0, 0]
    return Finding(float(first), bool(first > 9e3))


def _averaged(mean: str, thetas: Array, **settings: float) -> Array:
    """The average after following these parameters."""
    p = Tensor(np.zeros(thetas.shape[1:]), requires_grad=True)
    averaged = Averaged(SGD([p], lr=0.0), mean, **settings)
    for row in thetas:
        assign(p.data, row)
        averaged.step()
    return np.asarray(averaged.average(p).numpy())


@claim(
    "averaging",
    "thetahat = thetabar / (1 - beta2^t) weighs the parameters seen with weights of sum 1",
    source=f"{PAPER}, section 7.2; Polyak & Juditsky 1992 for the mean",
    how=f"{T} random parameters, and constant ones, which have to come back to the last bit",
    figure="largest relative difference from the weighted mean",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    thetas, constant = noise(45, T, N), np.tile(noise(46, 1, N), (T, 1))
    worst = relative(_averaged("exponential", thetas, beta2=0.9), corrected(thetas, 0.9)[-1])
    worst = max(worst, relative(_averaged("polyak", thetas), thetas.mean(0)))
    back = [_averaged(mean, constant) for mean in ("exponential", "polyak")]
    same = all(bool((x == constant[0]).all()) for x in back)
    return Finding(worst, worst < ROUNDING and same)


@claim(
    "momentum-closed-form",
    "Momentum's step is alpha sum_i mu^(t - i) g_i; SGD's alpha g",
    source="Polyak 1964; Sutskever et al. 2013, equations (1)-(2)",
    how=f"{T} mixed gradients",
    figure="largest difference of a step, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g = mixed(47, T, N)
    want = 0.1 * weighted(g, 0.9) / 0.1
    worst = relative(steps_of(suite["momentum"], g, lr=0.1, momentum=0.9), want)
    worst = max(worst, relative(steps_of(suite["sgd"], g, lr=0.1), 0.1 * g))
    return Finding(worst, worst < ROUNDING)


@claim(
    "nesterov-looks-ahead",
    "Nesterov's form is v = mu v - alpha grad(theta + mu v), seen at theta + mu v",
    source="Sutskever et al. 2013, equations (3)-(4)",
    how="60 steps on a quadratic of 20 curvatures, both forms side by side",
    figure="largest difference of theta + mu v, from starts at 1",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    curve = np.linspace(0.1, 5.0, 20)
    p = Tensor(np.ones(20), requires_grad=True)
    optimizer, theta, v = (
        suite["nesterov"]([p], lr=0.1, momentum=0.9),
        np.ones(20),
        np.zeros(20),
    )
    worst = 0.0
    for _ in range(60):
        v = 0.9 * v - 0.1 * curve * (theta + 0.9 * v)
        theta = theta + v
        p.grad = Tensor(curve * p.data)
        optimizer.step()
        worst = max(worst, float(abs(p.data - (theta + 0.9 * v)).max()))
    return Finding(worst, worst < ROUNDING)
