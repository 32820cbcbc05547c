"""Relatives of Adam as libraries compute them, at 60 digits; 0/0 is no move."""

from collections.abc import Sequence

from .moments import mu_at, rectifier, rho_at
from .papers import Number, Step, mpf, numbers, over, sqrt


def amsgrad_torch(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """AMSGrad: theta <- theta - alpha * mhat / (sqrt(v_max / (1 - beta2^t)) + eps).

    v_max <- max(v_max, v), of the raw v; 0/0 is no move.
    Source: PyTorch 2.13, torch.optim.Adam(amsgrad=True).
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, v, v_max, steps = mpf(0), mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = max(v_max, v)
        mhat = m / (1 - beta1**t)
        root = sqrt(v_max / (1 - beta2**t))
        theta = theta - alpha * over(mhat, root + eps)
        steps.append(Step(theta, {"m": m, "v": v, "v_max": v_max}))
    return steps


def amsgrad_keras(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps_hat: Number,
) -> list[Step]:
    """AMSGrad: theta <- theta - alpha_t * m / (sqrt(v_max) + eps_hat); 0/0 is no move.

    v_max <- max(v_max, v); alpha_t = alpha * sqrt(1 - beta2^t) / (1 - beta1^t).
    Source: Keras 3.15, keras.optimizers.Adam(amsgrad=True).
    """
    theta, alpha, beta1, beta2, eps_hat = numbers(theta, alpha, beta1, beta2, eps_hat)
    m, v, v_max, steps = mpf(0), mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = max(v_max, v)
        alpha_t = alpha * sqrt(1 - beta2**t) / (1 - beta1**t)
        theta = theta - alpha_t * over(m, sqrt(v_max) + eps_hat)
        steps.append(Step(theta, {"m": m, "v": v, "v_max": v_max}))
    return steps


def amsgrad_optax(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """AMSGrad: theta <- theta - alpha * mhat / (sqrt(v_max) + eps); 0/0 is no move.

    v_max <- max(v_max, v / (1 - beta2^t)), of the corrected v.
    Source: optax 0.2.8, optax.amsgrad.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, v, v_max, steps = mpf(0), mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = max(v_max, v / (1 - beta2**t))
        mhat = m / (1 - beta1**t)
        theta = theta - alpha * over(mhat, sqrt(v_max) + eps)
        steps.append(Step(theta, {"m": m, "v": v, "v_max": v_max}))
    return steps


def adamw_keras(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps_hat: Number,
    lam: Number,
) -> list[Step]:
    """AdamW: theta <- (1 - alpha * lam) * theta - alpha_t * m / (sqrt(v) + eps_hat).

    alpha_t = alpha * sqrt(1 - beta2^t) / (1 - beta1^t); 0/0 is no move.
    Source: Keras 3.15, keras.optimizers.AdamW.
    """
    theta, alpha, beta1, beta2, eps_hat, lam = numbers(theta, alpha, beta1, beta2, eps_hat, lam)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        alpha_t = alpha * sqrt(1 - beta2**t) / (1 - beta1**t)
        theta = theta - alpha * lam * theta
        theta = theta - alpha_t * over(m, sqrt(v) + eps_hat)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def nadam_torch(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
    psi: Number,
) -> list[Step]:
    """NAdam with constant beta1 in m and mu_t = beta1 * (1 - 0.5 * 0.96^(t * psi)) in mhat.

    mhat = mu_{t+1} * m / (1 - prod_{t+1} mu) + (1 - mu_t) * g / (1 - prod_t mu).
    Source: PyTorch 2.13, torch.optim.NAdam; Keras 3.15, keras.optimizers.Nadam has psi = 1.
    """
    theta, alpha, beta1, beta2, eps, psi = numbers(theta, alpha, beta1, beta2, eps, psi)
    m, v, product, steps = mpf(0), mpf(0), mpf(1), []
    for t, g in enumerate(numbers(*gradients), start=1):
        mu, ahead = mu_at(t, beta1, psi), mu_at(t + 1, beta1, psi)
        product = product * mu
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = ahead * m / (1 - product * ahead) + (1 - mu) * g / (1 - product)
        vhat = v / (1 - beta2**t)
        theta = theta - alpha * over(mhat, sqrt(vhat) + eps)
        steps.append(Step(theta, {"m": m, "v": v, "mu_product": product}))
    return steps


def nadam_optax(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """NAdam: mhat = beta1 * m / (1 - beta1^(t+1)) + (1 - beta1) * g / (1 - beta1^t).

    Then theta <- theta - alpha * mhat / (sqrt(vhat) + eps); 0/0 is no move.
    Source: optax 0.2.8, optax.nadam.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        ahead = beta1 * m / (1 - beta1 ** (t + 1))
        mhat = ahead + (1 - beta1) * g / (1 - beta1**t)
        vhat = v / (1 - beta2**t)
        theta = theta - alpha * over(mhat, sqrt(vhat) + eps)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def radam_torch(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """RAdam: theta <- theta - alpha * mhat * r_t * sqrt(1 - beta2^t) / (sqrt(v) + eps).

    Where rho_t > 5; else theta <- theta - alpha * mhat; 0/0 is no move.
    Source: PyTorch 2.13, torch.optim.RAdam.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = m / (1 - beta1**t)
        rho, step = rho_at(t, beta2), mhat
        if rho > 5:
            scale = rectifier(rho, 2 / (1 - beta2) - 1) * sqrt(1 - beta2**t)
            step = scale * over(mhat, sqrt(v) + eps)
        theta = theta - alpha * step
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def radam_optax(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """RAdam: theta <- theta - alpha * r_t * mhat / (sqrt(vhat) + eps) where rho_t >= 5.

    Else theta <- theta - alpha * mhat; 0/0 is no move.
    Source: optax 0.2.8, optax.radam.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = m / (1 - beta1**t)
        vhat = v / (1 - beta2**t)
        rho, step = rho_at(t, beta2), mhat
        if rho >= 5:
            step = rectifier(rho, 2 / (1 - beta2) - 1) * over(mhat, sqrt(vhat) + eps)
        theta = theta - alpha * step
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps
