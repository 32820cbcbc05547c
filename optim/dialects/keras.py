"""What Keras computes where it is not the paper's rule."""

from __future__ import annotations

from typing import Any

from ...kernels.words import maximum, ratio, sqrt
from ..optimizer import Optimizer


def amsgrad_keras(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    v_max: Any,
    *,
    t: Any,
    alpha: Any,
    beta1: Any,
    beta2: Any,
    eps_hat: Any,
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    v_max = maximum(v_max, v)
    alpha_t = alpha * sqrt(1 - beta2**t) / (1 - beta1**t)
    theta = theta - ratio(alpha_t * m, sqrt(v_max) + eps_hat)
    return theta, m, v, v_max


class AMSGradKeras(Optimizer):
    """The largest raw v, in the efficient ordering. Source: keras.optimizers.Adam(amsgrad)."""

    rule = staticmethod(amsgrad_keras)
    state_names = ("m", "v", "v_max")


def adamw_keras(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    t: Any,
    alpha: Any,
    beta1: Any,
    beta2: Any,
    eps_hat: Any,
    lam: Any,
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    alpha_t = alpha * sqrt(1 - beta2**t) / (1 - beta1**t)
    theta = theta - (alpha * lam * theta + ratio(alpha_t * m, sqrt(v) + eps_hat))
    return theta, m, v


class AdamWKeras(Optimizer):
    """AdamW in the efficient ordering. Source: keras.optimizers.AdamW."""

    rule = staticmethod(adamw_keras)
    state_names = ("m", "v")


def adamax_keras(
    theta: Any,
    g: Any,
    m: Any,
    u: Any,
    *,
    t: Any,
    alpha: Any,
    beta1: Any,
    beta2: Any,
    eps: Any,
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    u = maximum(beta2 * u, abs(g))
    theta = theta - alpha / (1 - beta1**t) * ratio(m, u + eps)
    return theta, m, u


class AdamaxKeras(Optimizer):
    """eps is added to u. Source: keras.optimizers.Adamax."""

    rule = staticmethod(adamax_keras)
    state_names = ("m", "u")


def momentum_inside(theta: Any, g: Any, b: Any, *, alpha: Any, mu: Any) -> Any:
    b = mu * b + alpha * g
    theta = theta - b
    return theta, b


class MomentumInside(Optimizer):
    """alpha multiplies what goes into the buffer, as in Sutskever et al. 2013 and Keras."""

    rule = staticmethod(momentum_inside)
    state_names = ("b",)


def nesterov_inside(theta: Any, g: Any, b: Any, *, alpha: Any, mu: Any) -> Any:
    b = mu * b + alpha * g
    theta = theta - (mu * b + alpha * g)
    return theta, b


class NesterovInside(Optimizer):
    """Nesterov's form of it, in the look-ahead variable."""

    rule = staticmethod(nesterov_inside)
    state_names = ("b",)
