"""Relatives of Adam as their papers print them, at 60 digits: rules with a first moment m.

As in ``papers``: zero state, scalar gradients, one Step a gradient, 0/0 is no move.
"""

from collections.abc import Sequence

from .papers import Number, Step, mpf, numbers, over, sqrt


def amsgrad(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """AMSGrad: v_hat <- max(v_hat, v); theta <- theta - alpha * m / (sqrt(v_hat) + eps).

    No bias correction; the paper's form is eps = 0, unconstrained here.
    Source: Reddi et al. 2018 (arXiv:1904.09237), Algorithm 2.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, v, v_hat, steps = mpf(0), mpf(0), mpf(0), []
    for g in numbers(*gradients):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_hat = max(v_hat, v)
        theta = theta - alpha * over(m, sqrt(v_hat) + eps)
        steps.append(Step(theta, {"m": m, "v": v, "v_hat": v_hat}))
    return steps


def adamw_decoupled(
    theta: Number,
    gradients: Sequence[Number],
    *,
    eta: Number,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
    lam: Number,
) -> list[Step]:
    """AdamW: theta <- theta - eta * (alpha * mhat / (sqrt(vhat) + eps) + lam * theta).

    Source: Loshchilov & Hutter 2019 (arXiv:1711.05101), Algorithm 2, constant eta.
    """
    theta, eta, alpha, lam = numbers(theta, eta, alpha, lam)
    beta1, beta2, eps = numbers(beta1, beta2, eps)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = m / (1 - beta1**t)
        vhat = v / (1 - beta2**t)
        theta = theta - eta * (alpha * over(mhat, sqrt(vhat) + eps) + lam * theta)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def adamw(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
    lam: Number,
) -> list[Step]:
    """AdamW as libraries: theta <- theta - alpha * (mhat / (sqrt(vhat) + eps) + lam * theta).

    Source: Loshchilov & Hutter 2019 (arXiv:1711.05101), Algorithm 2, with lam * alpha for lam.
    """
    theta, alpha, lam = numbers(theta, alpha, lam)
    beta1, beta2, eps = numbers(beta1, beta2, eps)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = m / (1 - beta1**t)
        vhat = v / (1 - beta2**t)
        theta = theta - alpha * (over(mhat, sqrt(vhat) + eps) + lam * theta)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def mu_at(t: int, beta1: mpf, psi: mpf) -> mpf:
    """Return beta1 * (1 - 0.5 * 0.96^(t * psi)). Source: Dozat 2016, section 3.1."""
    return beta1 * (1 - mpf("0.5") * mpf("0.96") ** (t * psi))


def nadam(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
    psi: Number,
) -> list[Step]:
    """NAdam: mhat = mu_{t+1} * m / (1 - prod_{t+1} mu) + (1 - mu_t) * g / (1 - prod_t mu).

    m <- mu_t * m + (1 - mu_t) * g; then Adam's step with this mhat.
    Source: Dozat 2016, Algorithm 2, with vhat = v / (1 - beta2^t).
    """
    theta, alpha, beta1, beta2 = numbers(theta, alpha, beta1, beta2)
    eps, psi = numbers(eps, psi)
    m, v, product, steps = mpf(0), mpf(0), mpf(1), []
    for t, g in enumerate(numbers(*gradients), start=1):
        mu, ahead = mu_at(t, beta1, psi), mu_at(t + 1, beta1, psi)
        product = product * mu
        m = mu * m + (1 - mu) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = ahead * m / (1 - product * ahead) + (1 - mu) * g / (1 - product)
        vhat = v / (1 - beta2**t)
        theta = theta - alpha * over(mhat, sqrt(vhat) + eps)
        steps.append(Step(theta, {"m": m, "v": v, "mu_product": product}))
    return steps


def rho_at(t: int, beta2: mpf) -> mpf:
    """Return rho_t = rho_inf - 2 * t * beta2^t / (1 - beta2^t). Source: Liu et al. 2020."""
    return 2 / (1 - beta2) - 1 - 2 * t * beta2**t / (1 - beta2**t)


def rectifier(rho: mpf, limit: mpf) -> mpf:
    """Return r_t for rho_t = rho and rho_inf = limit. Source: Liu et al. 2020, eq. 6."""
    above = (rho - 4) * (rho - 2) * limit
    return sqrt(above / ((limit - 4) * (limit - 2) * rho))


def radam(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """RAdam: theta <- theta - alpha * r_t * mhat / (sqrt(vhat) + eps), or alpha * mhat.

    The second form while rho_t <= 4; the paper's form is eps = 0.
    Source: Liu et al. 2020 (arXiv:1908.03265), Algorithm 2.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, v, steps = mpf(0), mpf(0), []
    limit = 2 / (1 - beta2) - 1
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = m / (1 - beta1**t)
        vhat = v / (1 - beta2**t)
        rho = rho_at(t, beta2)
        rectified = rho > 4
        scale = rectifier(rho, limit) if rectified else mpf(1)
        theta = theta - alpha * scale * over(mhat, sqrt(vhat) + eps if rectified else mpf(1))
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def adam_nc(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    lambd: Number,
    eps: Number,
) -> list[Step]:
    """AdamNC: theta <- theta - (alpha / sqrt(t)) * m / (sqrt(v) + eps), v the mean of g^2.

    m <- beta1_t * m + (1 - beta1_t) * g with beta1_t = beta1 * lambd^(t-1).
    Source: Reddi et al. 2018 (arXiv:1904.09237), Algorithm 3 and Corollary 2 (there eps = 0).
    """
    theta, alpha, beta1, lambd, eps = numbers(theta, alpha, beta1, lambd, eps)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        beta1_t = beta1 * lambd ** (t - 1)
        m = beta1_t * m + (1 - beta1_t) * g
        v = (1 - mpf(1) / t) * v + g**2 / t
        theta = theta - alpha / sqrt(t) * over(m, sqrt(v) + eps)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def adam_convex(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    lambd: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """Adam with alpha / sqrt(t), beta1_t = beta1 * lambd^(t-1), mhat = m / (1 - prod beta1_s).

    The product, not the printed beta1^t: the weights in mhat then sum to 1.
    Source: Kingma & Ba 2015 (arXiv:1412.6980v9), Theorem 4.1.
    """
    theta, alpha, beta1, lambd = numbers(theta, alpha, beta1, lambd)
    beta2, eps = numbers(beta2, eps)
    m, v, product, steps = mpf(0), mpf(0), mpf(1), []
    for t, g in enumerate(numbers(*gradients), start=1):
        beta1_t = beta1 * lambd ** (t - 1)
        product = product * beta1_t
        m = beta1_t * m + (1 - beta1_t) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = m / (1 - product)
        vhat = v / (1 - beta2**t)
        theta = theta - alpha / sqrt(t) * over(mhat, sqrt(vhat) + eps)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps
