"""Further rules as their papers print them, at 60 digits, and averages of the parameter.

As in ``papers``: zero state, scalar gradients, one Step a gradient, 0/0 is no move.
"""

from collections.abc import Sequence

from .papers import MP, Number, Step, mpf, number, numbers, over, sqrt


def adadelta(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    eps: Number,
) -> list[Step]:
    """AdaDelta: dx = sqrt(d + eps) / sqrt(v + eps) * g; theta <- theta - alpha * dx.

    v and d: the decaying means of g^2 and dx^2; the paper's form is alpha = 1.
    Source: Zeiler 2012 (arXiv:1212.5701), Algorithm 1.
    """
    theta, alpha, rho, eps = numbers(theta, alpha, rho, eps)
    v, d, steps = mpf(0), mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        dx = over(sqrt(d + eps) * g, sqrt(v + eps))
        d = rho * d + (1 - rho) * dx**2
        theta = theta - alpha * dx
        steps.append(Step(theta, {"v": v, "d": d}))
    return steps


def adabound(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    alpha_star: Number,
) -> list[Step]:
    """AdaBound: theta <- theta - clip(alpha / sqrt(v), lower, upper) / sqrt(t) * m.

    lower = alpha_star * (1 - 1 / (b + 1)) and upper = alpha_star * (1 + 1 / b), where
    b = (1 - beta2) * t; v = 0 takes the upper bound.
    Source: Luo et al. 2019 (arXiv:1902.09843), Algorithm 2, bounds of section 4.
    """
    theta, alpha, beta1, beta2, star = numbers(theta, alpha, beta1, beta2, alpha_star)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        lower = star * (1 - 1 / ((1 - beta2) * t + 1))
        upper = star * (1 + 1 / ((1 - beta2) * t))
        eta = upper if v == 0 else min(max(alpha / sqrt(v), lower), upper)
        theta = theta - eta / sqrt(t) * m
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def lion(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    lam: Number,
) -> list[Step]:
    """Lion: theta <- theta - alpha * (sign(beta1 * m + (1 - beta1) * g) + lam * theta).

    Then m <- beta2 * m + (1 - beta2) * g; sign(0) = 0.
    Source: Chen et al. 2023 (arXiv:2302.06675), Algorithm 2.
    """
    theta, alpha, beta1, beta2, lam = numbers(theta, alpha, beta1, beta2, lam)
    m, steps = mpf(0), []
    for g in numbers(*gradients):
        c = beta1 * m + (1 - beta1) * g
        theta = theta - alpha * (MP.sign(c) + lam * theta)
        m = beta2 * m + (1 - beta2) * g
        steps.append(Step(theta, {"m": m}))
    return steps


def rmsprop_centred(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    mu: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: d <- mu * d - alpha * g / sqrt(n - g_bar^2 + eps); theta <- theta + d.

    n and g_bar: the decaying means of g^2 and g.
    Source: Graves 2013 (arXiv:1308.0850), eqs. 38-45 (there .95, .9, 1e-4, 1e-4).
    """
    theta, alpha, rho, mu, eps = numbers(theta, alpha, rho, mu, eps)
    n, g_bar, d, steps = mpf(0), mpf(0), mpf(0), []
    for g in numbers(*gradients):
        n = rho * n + (1 - rho) * g**2
        g_bar = rho * g_bar + (1 - rho) * g
        d = mu * d - alpha * over(g, sqrt(n - g_bar**2 + eps))
        theta = theta + d
        steps.append(Step(theta, {"n": n, "g_bar": g_bar, "d": d}))
    return steps


def natural(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """Diagonal natural gradient: theta <- theta - alpha * g / (vhat + eps); 0/0 is no move.

    vhat: the bias-corrected running mean of g^2, the empirical Fisher's diagonal.
    Source: Amari 1998, with Kingma & Ba 2015 (arXiv:1412.6980v9), section 5.
    """
    theta, alpha, beta2, eps = numbers(theta, alpha, beta2, eps)
    v, steps = mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        v = beta2 * v + (1 - beta2) * g**2
        vhat = v / (1 - beta2**t)
        theta = theta - alpha * over(g, vhat + eps)
        steps.append(Step(theta, {"v": v}))
    return steps


def vsgd(
    theta: Number,
    gradients: Sequence[Number],
    curvatures: Sequence[Number],
    *,
    n0: int,
    c: Number,
) -> list[Step]:
    """vSGD-l: eta = g_bar^2 / (h_bar * v_bar); tau <- (1 - g_bar^2 / v_bar) * tau + 1.

    Slow start: n0 samples are only averaged, v_bar and h_bar overestimated by c, tau = n0.
    Source: Schaul, Zhang & LeCun 2013 (arXiv:1206.1106), Algorithm 1.
    """
    theta, c, start = numbers(theta, c, n0)
    g_bar, v_bar, h_bar, tau, steps = mpf(0), mpf(0), mpf(0), start, []
    samples = zip(numbers(*gradients), numbers(*curvatures), strict=True)
    for t, (g, h) in enumerate(samples, start=1):
        slow = t <= n0
        rate = 1 / mpf(t) if slow else 1 / tau
        factor = c if slow else mpf(1)
        g_bar = (1 - rate) * g_bar + rate * g
        v_bar = (1 - rate) * v_bar + rate * factor * g**2
        h_bar = (1 - rate) * h_bar + rate * factor * abs(h)
        if not slow:
            theta = theta - over(g_bar**2, h_bar * v_bar) * g
            tau = (1 - over(g_bar**2, v_bar)) * tau + 1
        steps.append(Step(theta, {"g_bar": g_bar, "v_bar": v_bar, "h_bar": h_bar, "tau": tau}))
    return steps


def exponential_average(thetas: Sequence[Number], *, beta2: Number) -> list[mpf]:
    """Return thetahat_t = thetabar_t / (1 - beta2^t), thetabar the decaying mean of theta.

    Source: Kingma & Ba 2015 (arXiv:1412.6980v9), section 7.2.
    """
    beta2, theta_bar, averages = number(beta2), mpf(0), []
    for t, theta in enumerate(numbers(*thetas), start=1):
        theta_bar = beta2 * theta_bar + (1 - beta2) * theta
        averages.append(theta_bar / (1 - beta2**t))
    return averages


def polyak_average(thetas: Sequence[Number]) -> list[mpf]:
    """Return (1/t) sum_{k<=t} theta_k for every t. Source: Polyak & Juditsky 1992."""
    total, averages = mpf(0), []
    for t, theta in enumerate(numbers(*thetas), start=1):
        total = total + theta
        averages.append(total / t)
    return averages
