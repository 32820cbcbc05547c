"""Adam as it is also computed, under no name of its own, at 60 digits."""

from collections.abc import Sequence

from .papers import Number, Step, mpf, numbers, over, sqrt


def adam_inside(theta: Number, gradients: Sequence[Number], **settings: Number) -> list[Step]:
    """theta <- theta - alpha * mhat / sqrt(vhat + eps). Source: optax.adam with eps_root."""
    given = {name: settings[name] for name in ("alpha", "beta1", "beta2", "eps")}
    theta, alpha, beta1, beta2, eps = numbers(theta, *given.values())
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        root = sqrt(v / (1 - beta2**t) + eps)
        theta = theta - alpha * over(m / (1 - beta1**t), root)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def adam_uncorrected(
    theta: Number, gradients: Sequence[Number], **settings: Number
) -> list[Step]:
    """theta <- theta - alpha * m / (sqrt(v) + eps). Source: the reference code of BERT."""
    given = {name: settings[name] for name in ("alpha", "beta1", "beta2", "eps")}
    theta, alpha, beta1, beta2, eps = numbers(theta, *given.values())
    m, v, steps = mpf(0), mpf(0), []
    for g in numbers(*gradients):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - alpha * over(m, sqrt(v) + eps)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps
