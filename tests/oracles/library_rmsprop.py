"""RMSProp with momentum and centring as libraries compute it, at 60 digits."""

from collections.abc import Sequence

from .papers import Number, Step, mpf, numbers, over, sqrt


def rmsprop_momentum_torch(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    mu: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: b <- mu * b + g / (sqrt(v) + eps); theta <- theta - alpha * b; 0/0 is no move.

    Source: PyTorch 2.13, torch.optim.RMSprop(momentum=mu).
    """
    theta, alpha, rho, mu, eps = numbers(theta, alpha, rho, mu, eps)
    v, b, steps = mpf(0), mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        b = mu * b + over(g, sqrt(v) + eps)
        theta = theta - alpha * b
        steps.append(Step(theta, {"v": v, "b": b}))
    return steps


def rmsprop_centred_torch(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: theta <- theta - alpha * g / (sqrt(v - a^2) + eps); 0/0 is no move.

    a: the decaying mean of g.
    Source: PyTorch 2.13, torch.optim.RMSprop(centered=True).
    """
    theta, alpha, rho, eps = numbers(theta, alpha, rho, eps)
    v, a, steps = mpf(0), mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        theta = theta - alpha * over(g, sqrt(v - a**2) + eps)
        steps.append(Step(theta, {"v": v, "a": a}))
    return steps


def rmsprop_centred_momentum_torch(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    mu: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: b <- mu * b + g / (sqrt(v - a^2) + eps); theta <- theta - alpha * b.

    a: the decaying mean of g; 0/0 is no move.
    Source: PyTorch 2.13, torch.optim.RMSprop(centered=True, momentum=mu).
    """
    theta, alpha, rho, mu, eps = numbers(theta, alpha, rho, mu, eps)
    v, a, b, steps = mpf(0), mpf(0), mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        b = mu * b + over(g, sqrt(v - a**2) + eps)
        theta = theta - alpha * b
        steps.append(Step(theta, {"v": v, "a": a, "b": b}))
    return steps


def rmsprop_momentum_keras(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    mu: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: b <- mu * b + alpha * g / sqrt(v + eps); theta <- theta - b; 0/0 is no move.

    Source: Keras 3.15, keras.optimizers.RMSprop(momentum=mu); optax 0.2.8, optax.rmsprop.
    """
    theta, alpha, rho, mu, eps = numbers(theta, alpha, rho, mu, eps)
    v, b, steps = mpf(0), mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        b = mu * b + alpha * over(g, sqrt(v + eps))
        theta = theta - b
        steps.append(Step(theta, {"v": v, "b": b}))
    return steps


def rmsprop_centred_keras(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: theta <- theta - alpha * g / sqrt(v - a^2 + eps); 0/0 is no move.

    a: the decaying mean of g.
    Source: Keras 3.15, keras.optimizers.RMSprop(centered=True); optax 0.2.8, optax.rmsprop.
    """
    theta, alpha, rho, eps = numbers(theta, alpha, rho, eps)
    v, a, steps = mpf(0), mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        theta = theta - alpha * over(g, sqrt(v - a**2 + eps))
        steps.append(Step(theta, {"v": v, "a": a}))
    return steps


def rmsprop_centred_momentum_keras(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    mu: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: b <- mu * b + alpha * g / sqrt(v - a^2 + eps); theta <- theta - b.

    a: the decaying mean of g; 0/0 is no move.
    Source: Keras 3.15, keras.optimizers.RMSprop(centered=True, momentum=mu); optax 0.2.8.
    """
    theta, alpha, rho, mu, eps = numbers(theta, alpha, rho, mu, eps)
    v, a, b, steps = mpf(0), mpf(0), mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        b = mu * b + alpha * over(g, sqrt(v - a**2 + eps))
        theta = theta - b
        steps.append(Step(theta, {"v": v, "a": a, "b": b}))
    return steps
