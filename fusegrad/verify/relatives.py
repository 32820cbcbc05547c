"""The papers that followed: what each says of its own rule."""

from __future__ import annotations

import numpy as np

from .algorithm import ROUNDING, corrected, weighted
from .claim import Finding, Suite, claim
from .drive import mixed, noise, path, relative, steps_of

T, N = 50, 40
REDDI = "Reddi, Kale & Kumar 2018, arXiv 1904.09237"


@claim(
    "amsgrad-never-grows",
    "AMSGrad's step size alpha / sqrt(vhat) never grows, as its proof needs; Adam's does",
    source=f"{REDDI}, section 4 (Gamma_t) and Algorithm 2",
    how="one large gradient, then small ones: the factor before m at every step",
    figure="growth of Adam's factor over 400 steps, which Adam's own proof takes to be <= 1",
    within=(50.0, 70.0),
)
def _(suite: Suite) -> Finding:
    g = np.full((400, 1), 0.01)
    g[0] = 1.0
    g[50::7] = -0.01
    factors = {}
    for name in ("amsgrad", "adam"):
        betas = {"betas": (0.0, 0.99), "eps": 0.0}
        factors[name] = steps_of(suite[name], g, lr=1.0, **betas)[:, 0] / g[:, 0]
    falls = bool((np.diff(factors["amsgrad"]) <= 1e-12).all())
    top = np.sqrt(np.maximum.accumulate(weighted(g * g, 0.99), axis=0))[:, 0]
    worst = relative(factors["amsgrad"], 1 / top)
    growth = float(factors["adam"].max() / factors["adam"][0])
    return Finding(growth, falls and worst < ROUNDING and growth > 1)


@claim(
    "amsgrad-corrected",
    "Where v never falls, AMSGrad with corrections is Adam",
    source="PyTorch, Adam(amsgrad=True)",
    how="gradients that grow, and the largest v where they do not",
    figure="largest difference of a step, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    growing = 1.5 ** np.arange(30.0)[:, None] * (1 + 0.2 * abs(noise(54, 30, N)))
    settings = {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}
    v = weighted(growing**2, 0.9)
    rises = (np.diff(v, axis=0) >= 0).all(0)
    adam = steps_of(suite["adam"], growing[:, rises], **settings)
    ours = steps_of(suite["amsgrad_corrected"], growing[:, rises], **settings)
    worst = relative(ours, adam)
    g = mixed(55, T, N)
    top = np.maximum.accumulate(weighted(g * g, 0.9), axis=0)
    v_hat = top / (1 - 0.9 ** np.arange(1, T + 1)[:, None])
    want = 0.1 * corrected(g, 0.8) / (np.sqrt(v_hat) + 1e-3)
    worst = max(worst, relative(steps_of(suite["amsgrad_corrected"], g, **settings), want))
    return Finding(worst, worst < ROUNDING and bool(rises.any()))


@claim(
    "nadam-closed-form",
    "NAdam applies the next step's momentum: mu_(t+1) m / (1 - prod mu) + (1 - mu_t) g / (...)",
    source="Dozat 2016, Incorporating Nesterov Momentum into Adam",
    how=f"{T} mixed gradients against sums with the products of mu, without recursion",
    figure="largest difference of a step, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g, settings = mixed(56, T, N), {"lr": 0.1, "betas": (0.9, 0.95), "eps": 1e-3}
    t = np.arange(1, T + 2)
    mu = 0.9 * (1 - 0.5 * 0.96 ** (0.004 * t))
    products = np.cumprod(mu)[:, None]
    m = np.array([sum((1 - mu[i]) * products[k] / products[i] * g[i] for i in range(k + 1))
                  for k in range(T)])  # fmt: skip
    now, ahead = mu[:-1, None], mu[1:, None]
    m_hat = ahead * m / (1 - products[1:]) + (1 - now) * g / (1 - products[:-1])
    want = 0.1 * m_hat / (np.sqrt(corrected(g * g, 0.95)) + 1e-3)
    worst = relative(steps_of(suite["nadam"], g, **settings), want)
    return Finding(worst, worst < ROUNDING)


@claim(
    "radam-rectifier",
    "rho_t is the length of a simple average with the same centre of mass; momentum until it "
    "passes 4, then Adam times r_t",
    source="Liu et al. 2020, arXiv 1908.03265, section 4 and Algorithm 2",
    how="rho_t as a sum of ages; the step of the first 60 gradients",
    figure="largest difference of a step, over the largest",
    within=(0.0, 1e-10),
)
def _(suite: Suite) -> Finding:
    g, b2 = noise(57, 60, N), 0.99
    powers = b2 ** np.arange(60.0)
    ages = np.cumsum(np.arange(1, 61) * powers) / np.cumsum(powers)
    rho, end = 2 * ages - 1, 2 / (1 - b2) - 1
    inside = (rho - 4) * (rho - 2) * end / ((end - 4) * (end - 2) * rho)
    r = np.sqrt(np.where(rho > 4, inside, 0.0))[:, None]
    m_hat, v_hat = corrected(g, 0.9), corrected(g * g, b2)
    want = np.where(rho[:, None] > 4, r * m_hat / (np.sqrt(v_hat) + 1e-8), m_hat)
    got = steps_of(suite["radam"], g, lr=1.0, betas=(0.9, b2), eps=1e-8)
    worst = relative(got, want)
    waits = int((rho <= 4).sum()) == 4
    return Finding(worst, worst < 1e-10 and waits)


@claim(
    "adadelta-units",
    "AdaDelta's steps have the units of the parameter: gradients times c give steps over c",
    source="Zeiler 2012, arXiv 1212.5701, section 3.2 (idea 2)",
    how="50 gradients of noise and the same times 1000: the sizes of the last steps",
    figure="size of a step at 1000 g over its size at g, which should be 1/1000",
    within=(0.99, 1.01),
    fails="eps under both roots sets the units; the step is sqrt(E[dx^2] + eps) g over "
    "sqrt(E[g^2] + eps)",
)
def _(suite: Suite) -> Finding:
    g, eps = noise(58, T, N), 1e-6
    settings = {"lr": 1.0, "rho": 0.95, "eps": eps}
    got, scaled = (steps_of(suite["adadelta"], c * g, **settings) for c in (1.0, 1000.0))
    squares, moved, worst = weighted(g * g, 0.95), np.zeros(N), 0.0
    for k in range(T):
        want = np.sqrt(moved + eps) / np.sqrt(squares[k] + eps) * g[k]
        worst = max(worst, relative(got[k], want))
        moved = 0.95 * moved + 0.05 * want**2
    size = float(abs(scaled[-1]).mean() / abs(got[-1]).mean())
    return Finding(size, abs(1000 * size - 1) < 0.01, worst < ROUNDING)


@claim(
    "adamnc-mean",
    "AdamNC's v is the mean of all squared gradients; beta1 fades as beta1 lambda^(t - 1)",
    source=f"{REDDI}, Algorithm 3 and Corollary 2",
    how=f"{T} mixed gradients against the mean",
    figure="largest difference of v or of a step, over the largest",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g = mixed(59, T, N)
    t = np.arange(1, T + 1)[:, None]
    mean = np.cumsum(g * g, axis=0) / t
    settings = {"lr": 0.1, "beta1": 0.9, "beta1_decay": 0.9, "eps": 1e-3}
    states = path(suite["adam_nc"], g, **settings).states
    worst = relative(states["v"], mean[-1])
    m, rates = np.zeros(N), 0.9 * 0.9 ** (t - 1.0)
    got = steps_of(suite["adam_nc"], g, **settings)
    for k in range(T):
        m = rates[k] * m + (1 - rates[k]) * g[k]
        want = 0.1 / np.sqrt(k + 1) * m / (np.sqrt(mean[k]) + 1e-3)
        worst = max(worst, relative(got[k], want))
    return Finding(worst, worst < ROUNDING)


@claim(
    "adabound-closes-in",
    "AdaBound's step size lies between bounds that meet at final_lr",
    source="Luo et al. 2019, arXiv 1902.09843, Algorithm 2",
    how="400 steps of noise of 40 sizes, against alpha / sqrt(v) clipped between the bounds",
    figure="largest relative difference of a step, over its upper bound",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g = noise(60, 400, N) * 10.0 ** np.linspace(-6, 6, N)
    settings = {"lr": 0.01, "betas": (0.9, 0.99), "final_lr": 0.1}
    t = np.arange(1, 401)[:, None]
    low, high = 0.1 * (1 - 1 / (0.01 * t + 1)), 0.1 * (1 + 1 / (0.01 * t))
    m, eta = weighted(g, 0.9), 0.01 / np.sqrt(weighted(g * g, 0.99))
    got = steps_of(suite["adabound"], g, **settings) * np.sqrt(t)
    worst = relative(got / high, np.clip(eta, low, high) * m / high)
    reached = bool((eta < low).any() and (eta > high).any())
    meet = float((high - low)[-1, 0]) < 0.05
    return Finding(worst, worst < ROUNDING and reached and meet)


@claim(
    "lion-steps-are-signs",
    "Lion moves every element by alpha, in the direction of beta1 m + (1 - beta1) g",
    source="Chen et al. 2023, arXiv 2302.06675, Algorithm 2",
    how=f"{T} gradients of noise against the sign of the sums; then with decay",
    figure="steps that differ",
    within=(0.0, 0.0),
)
def _(suite: Suite) -> Finding:
    g = noise(61, T, N)
    before = np.concatenate([np.zeros((1, N)), weighted(g, 0.99)[:-1]])
    want = 0.5 * np.sign(0.9 * before + 0.1 * g)
    got = steps_of(suite["lion"], g, lr=0.5, betas=(0.9, 0.99))
    decayed = path(suite["lion"], np.zeros(3), theta=2.0, lr=0.5, weight_decay=0.1).theta[-1, 0]
    differ = int((got != want).sum())
    return Finding(float(differ), differ == 0 and abs(decayed - 2.0 * 0.95**3) < 1e-15)


@claim(
    "natural-gradient-covaries",
    "Measured in other units, theta / c, the natural gradient's step is the same step",
    source="Amari 1998; Adam's section 5",
    how="gradients times c are steps over c, for 40 factors c; Adam's stay, SGD's grow by c",
    figure="largest relative difference of c step",
    within=(0.0, ROUNDING),
)
def _(suite: Suite) -> Finding:
    g, c = noise(62, T, N), 10.0 ** np.linspace(-3, 3, N)
    settings = {"lr": 0.1, "beta2": 0.9, "eps": 0.0}
    plain = steps_of(suite["natural_gradient"], g, **settings)
    want = 0.1 * g / corrected(g * g, 0.9)
    worst = relative(steps_of(suite["natural_gradient"], c * g, **settings) * c, plain)
    worst = max(worst, float(abs(plain / want - 1).max()))
    return Finding(worst, worst < ROUNDING)
