"""What libraries compute where it is not the paper's rule, at 60 digits; 0/0 is no move.

The whole list is here; the relatives of Adam and RMSProp are written in their own files.
"""

from collections.abc import Sequence

from .library_adam import (
    adamw_keras,
    amsgrad_keras,
    amsgrad_optax,
    amsgrad_torch,
    nadam_optax,
    nadam_torch,
    radam_optax,
    radam_torch,
)
from .library_rmsprop import (
    rmsprop_centred_keras,
    rmsprop_centred_momentum_keras,
    rmsprop_centred_momentum_torch,
    rmsprop_centred_torch,
    rmsprop_momentum_keras,
    rmsprop_momentum_torch,
)
from .papers import Number, Step, mpf, numbers, over, sqrt

__all__ = [
    "adagrad_keras",
    "adagrad_torch",
    "adamax_keras",
    "adamax_torch",
    "adamw_keras",
    "amsgrad_keras",
    "amsgrad_optax",
    "amsgrad_torch",
    "momentum_inside",
    "nadam_optax",
    "nadam_torch",
    "nesterov_inside",
    "radam_optax",
    "radam_torch",
    "rmsprop_centred_keras",
    "rmsprop_centred_momentum_keras",
    "rmsprop_centred_momentum_torch",
    "rmsprop_centred_torch",
    "rmsprop_momentum_keras",
    "rmsprop_momentum_torch",
]


def adamax_torch(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """AdaMax: theta <- theta - (alpha / (1 - beta1^t)) * m / u; 0/0 is no move.

    u <- max(beta2 * u, |g| + eps).
    Source: PyTorch 2.13, torch.optim.Adamax; optax 0.2.8, optax.adamax.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, u, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g) + eps)
        theta = theta - (alpha / (1 - beta1**t)) * over(m, u)
        steps.append(Step(theta, {"m": m, "u": u}))
    return steps


def adamax_keras(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """AdaMax: theta <- theta - (alpha / (1 - beta1^t)) * m / (u + eps); 0/0 is no move.

    Source: Keras 3.15, keras.optimizers.Adamax.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, u, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g))
        theta = theta - (alpha / (1 - beta1**t)) * over(m, u + eps)
        steps.append(Step(theta, {"m": m, "u": u}))
    return steps


def adagrad_torch(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    lr_decay: Number,
    eps: Number,
) -> list[Step]:
    """Adagrad: theta <- theta - alpha / (1 + (t-1) * lr_decay) * g / (sqrt(s) + eps).

    s <- s + g^2 from 0; 0/0 is no move.
    Source: PyTorch 2.13, torch.optim.Adagrad.
    """
    theta, alpha, lr_decay, eps = numbers(theta, alpha, lr_decay, eps)
    s, steps = mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        s = s + g**2
        alpha_t = alpha / (1 + (t - 1) * lr_decay)
        theta = theta - alpha_t * over(g, sqrt(s) + eps)
        steps.append(Step(theta, {"s": s}))
    return steps


def adagrad_keras(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    eps: Number,
    start: Number,
) -> list[Step]:
    """Adagrad: theta <- theta - alpha * g / sqrt(s + eps); 0/0 is no move.

    s <- s + g^2 from start.
    Source: Keras 3.15, keras.optimizers.Adagrad; optax 0.2.8, optax.adagrad.
    """
    theta, alpha, eps, start = numbers(theta, alpha, eps, start)
    s, steps = start, []
    for g in numbers(*gradients):
        s = s + g**2
        theta = theta - alpha * over(g, sqrt(s + eps))
        steps.append(Step(theta, {"s": s}))
    return steps


def momentum_inside(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    mu: Number,
) -> list[Step]:
    """Momentum with the rate inside the buffer: b <- mu * b + alpha * g; theta <- theta - b.

    Source: Keras 3.15, keras.optimizers.SGD(momentum=mu).
    """
    theta, alpha, mu = numbers(theta, alpha, mu)
    b, steps = mpf(0), []
    for g in numbers(*gradients):
        b = mu * b + alpha * g
        theta = theta - b
        steps.append(Step(theta, {"b": b}))
    return steps


def nesterov_inside(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    mu: Number,
) -> list[Step]:
    """Nesterov: b <- mu * b + alpha * g; theta <- theta - (mu * b + alpha * g).

    Source: Keras 3.15, keras.optimizers.SGD(momentum=mu, nesterov=True).
    """
    theta, alpha, mu = numbers(theta, alpha, mu)
    b, steps = mpf(0), []
    for g in numbers(*gradients):
        b = mu * b + alpha * g
        theta = theta - (mu * b + alpha * g)
        steps.append(Step(theta, {"b": b}))
    return steps
