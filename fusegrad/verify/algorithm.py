"""Sections 2 and 3 of Adam's paper: the algorithm, its two orderings, the bias correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..optim.schedules import Schedule
from .claim import Finding, Suite, claim
from .drive import Array, mixed, noise, path, relative, steps_of

PAPER = "Kingma & Ba, arXiv 1412.6980v9"
ROUNDING = 1e-12  # float64, sums of at most a few hundred terms
T, N = 60, 40


def weighted(g: Array, beta: float) -> Array:
    """(1 - beta) sum_i beta^(t - i) g_i for every t. Shapes: (T, n) -> (T, n)."""
    lag = np.subtract.outer(np.arange(len(g)), np.arange(len(g)))
    weights = np.where(lag >= 0, (1 - beta) * beta ** np.maximum(lag, 0), 0.0)
    return np.asarray(weights @ g)


def corrected(g: Array, beta: float) -> Array:
    """The weighted mean of the gradients so far: weights that sum to 1."""
    sums = weighted(np.ones((len(g), 1)), beta)
    return np.asarray(weighted(g, beta) / sums)


@claim(
    "algorithm-1",
    "Algorithm 1 steps by alpha mhat / (sqrt(vhat) + eps), weighted means of g and g^2",
    source=f"{PAPER}, Algorithm 1",
    how=f"{T} mixed gradients, {N} elements, against the weighted sums without recursion",
    figure="largest difference of a step, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g, worst = mixed(1, T, N), 0.0
    for betas, eps in (((0.9, 0.999), 1e-8), ((0.5, 0.7), 1e-3)):
        got = steps_of(suite["adam"], g, lr=0.1, betas=betas, eps=eps)
        m_hat, v_hat = corrected(g, betas[0]), corrected(g * g, betas[1])
        safe = np.where(m_hat == 0, 1.0, np.sqrt(v_hat) + eps)
        worst = max(worst, relative(got, 0.1 * m_hat / safe))
    return Finding(worst, worst < ROUNDING)


@claim(
    "moving-averages",
    "v_t = (1 - beta2) sum_i beta2^(t - i) g_i^2, and m_t the same of g_i with beta1",
    source=f"{PAPER}, equation (1)",
    how="the states of seven rules against the sums without recursion",
    figure="largest difference of an element, over the size of what it sums",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g, worst = mixed(2, T, N), 0.0
    m, size, v = weighted(g, 0.8)[-1], weighted(abs(g), 0.8)[-1], weighted(g * g, 0.95)[-1]
    for name in ("adam", "adam_eps_hat", "adamw", "adamw_decoupled", "amsgrad", "radam"):
        states = path(suite[name], g, betas=(0.8, 0.95)).states
        worst = max(worst, abs((states["m"] - m) / size).max(), abs(states["v"] / v - 1).max())
    states = path(suite["rmsprop"], g, alpha=0.95).states
    worst = max(worst, abs(states["v"] / v - 1).max())
    return Finding(worst, worst < ROUNDING)


@claim(
    "first-step",
    "The first step is alpha g / (|g| + eps): alpha, for every g that is large beside eps",
    source=f"{PAPER}, section 2.1 and 3, t = 1",
    how="gradients of 17 sizes and both signs, Adam and AdamW",
    figure="largest relative difference of a step",
    within=(0.0, 1e-15),
)
def _(suite: Suite) -> Finding:
    g = (10.0 ** np.arange(-8, 9) * (-1.0) ** np.arange(17))[None, :]
    worst = 0.0
    for name, extra in (("adam", {}), ("adamw", {"weight_decay": 0.0})):
        got = steps_of(suite[name], g, lr=0.5, eps=1e-3, **extra)
        worst = max(worst, float(abs(got * (abs(g) + 1e-3) / (0.5 * g) - 1).max()))
    return Finding(worst, worst < 1e-15)


@claim(
    "constant-gradient",
    "A constant gradient g gives mhat = g and vhat = g^2 at every t",
    source=f"{PAPER}, section 3",
    how="300 steps at beta2 = 0.999: every step is the first one",
    figure="largest relative difference of a step",
    within=(0.0, 1e-13),
)
def _(suite: Suite) -> Finding:
    g = np.tile([1e-3, 1.0, -7.0, 1e5], (300, 1))
    worst = 0.0
    for name in ("adam", "adamw", "amsgrad_corrected"):
        extra = {"weight_decay": 0.0} if name == "adamw" else {}
        got = steps_of(suite[name], g, lr=0.5, eps=1e-3, **extra)
        worst = max(worst, float(abs(got * (abs(g) + 1e-3) / (0.5 * g) - 1).max()))
    return Finding(worst, worst < 1e-13)


@dataclass(frozen=True)
class EpsHat(Schedule):
    """eps sqrt(1 - beta2^t): what makes the two orderings one."""

    eps: float
    beta2: float

    def __call__(self, t: int) -> float:
        return self.eps * float(np.sqrt(-np.expm1(t * np.log(self.beta2))))


@claim(
    "efficient-ordering",
    "The last three lines may be replaced by alpha_t = alpha sqrt(1 - beta2^t) / (1 - beta1^t) "
    "and eps-hat (read as a constant, as every library has it)",
    source=f"{PAPER}, end of section 2",
    how="both orderings on mixed gradients, eps = eps-hat = 1e-3, then eps-hat following t",
    figure="largest difference of a step, over alpha, with one constant eps",
    within=(0.3, 1.0),
    fails="the orderings agree if and only if eps-hat_t = eps sqrt(1 - beta2^t)",
)
def _(suite: Suite) -> Finding:
    g, settings = mixed(3, T, N), {"lr": 1.0, "betas": (0.9, 0.999)}
    first = steps_of(suite["adam"], g, eps=1e-3, **settings)
    constant = steps_of(suite["adam_eps_hat"], g, eps_hat=1e-3, **settings)
    following = steps_of(suite["adam_eps_hat"], g, eps_hat=EpsHat(1e-3, 0.999), **settings)
    gap = float(abs(first - constant).max())
    return Finding(gap, gap < ROUNDING, relative(following, first) < ROUNDING)


@claim(
    "bias-of-v",
    "E[v_t] = E[g^2] (1 - beta2^t) for stationary gradients, so vhat is unbiased",
    source=f"{PAPER}, equations (2)-(4), zeta = 0",
    how="Monte Carlo, 200,000 runs of 10 steps, gradients of mean 0.5 and deviation 2",
    figure="distance of the mean from E[g^2] = 4.25, in standard errors",
    within=(0.0, 4.0),
)
def _(suite: Suite) -> Finding:
    g = 0.5 + 2.0 * noise(4, 10, 200_000)
    v = path(suite["adam"], g, betas=(0.9, 0.9)).states["v"]
    v_hat = v / (1 - 0.9**10)
    errors = abs(v_hat.mean() - 4.25) / (v_hat.std() / np.sqrt(v_hat.size))
    return Finding(float(errors), bool(errors < 4.0))


@claim(
    "zeta",
    "zeta is not 0 where the second moment changes: old gradients then count with their size",
    source=f"{PAPER}, equation (4) and the text after it",
    how="Monte Carlo with deviations growing 5 % a step: the mean of vhat over E[g_t^2]",
    figure="E[vhat_t] / E[g_t^2], which is 1 where zeta is 0",
    within=(0.60, 0.62),
)
def _(suite: Suite) -> Finding:
    growth = 1.05 ** np.arange(20.0)
    g = growth[:, None] * noise(5, 20, 100_000)
    v = path(suite["adam"], g, betas=(0.9, 0.9)).states["v"]
    found = float(v.mean() / (1 - 0.9**20) / growth[-1] ** 2)
    exact = float(corrected(growth[:, None] ** 2, 0.9)[-1, 0] / growth[-1] ** 2)
    return Finding(found, abs(found - exact) < 0.01)


@claim(
    "correction-matters",
    "Values of beta2 close to 1 need the correction: without it first steps are much larger",
    source=f"{PAPER}, section 6.4",
    how="RMSProp (no correction) beside Adam with beta1 = 0, beta2 = 0.999, the first step",
    figure="first step without correction, over alpha: 1 / sqrt(1 - beta2)",
    within=(31.62, 31.63),
)
def _(suite: Suite) -> Finding:
    g = np.array([[0.1, 1.0, 30.0]])
    with_it = steps_of(suite["adam"], g, lr=1.0, betas=(0.0, 0.999), eps=0.0)
    without = steps_of(suite["rmsprop"], g, lr=1.0, alpha=0.999, eps=0.0)
    holds = relative(with_it, 1.0) < ROUNDING and relative(without, 0.001**-0.5) < ROUNDING
    return Finding(float(without.max()), holds)
