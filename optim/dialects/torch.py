"""What PyTorch computes where it is not the paper's rule."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ...kernels.words import maximum, ratio, sqrt, where
from ..optimizer import Optimizer


def adamax_torch(
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
    u = maximum(beta2 * u, abs(g) + eps)
    theta = theta - alpha / (1 - beta1**t) * ratio(m, u)
    return theta, m, u


class AdamaxTorch(Optimizer):
    """eps is added to |g|; optax computes the same. Source: torch.optim.Adamax."""

    rule = staticmethod(adamax_torch)
    state_names = ("m", "u")


def nadam_torch(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    mu_product: Any,
    t: Any,
    alpha: Any,
    beta1: Any,
    beta2: Any,
    eps: Any,
    psi: Any,
) -> Any:
    mu_t = beta1 * (1 - 0.5 * 0.96 ** (psi * t))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** (psi * (t + 1)))
    mu_product = mu_product * mu_t
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = mu_next / (1 - mu_product * mu_next) * m + (1 - mu_t) / (1 - mu_product) * g
    v_hat = v / (1 - beta2**t)
    theta = theta - ratio(alpha * m_hat, sqrt(v_hat) + eps)
    return theta, m, v, mu_product


class NAdamTorch(Optimizer):
    """m averages with beta1, not mu_t; psi is 0.004 in PyTorch, 1 in Keras.

    Differs: PyTorch keeps the product of mu in float32. Source: torch.optim.NAdam.
    """

    rule = staticmethod(nadam_torch)
    state_names = ("m", "v")
    starts = MappingProxyType({"mu_product": 1.0})


def radam_torch(
    theta: Any, g: Any, m: Any, v: Any, *, t: Any, alpha: Any, beta1: Any, beta2: Any, eps: Any
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    rho_inf = 2 / (1 - beta2) - 1
    rho_t = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    num, den = (rho_t - 4) * (rho_t - 2) * rho_inf, (rho_inf - 4) * (rho_inf - 2) * rho_t
    r_t = sqrt(num / den) * sqrt(1 - beta2**t)
    theta = theta - where(rho_t > 5, ratio(alpha * r_t * m_hat, sqrt(v) + eps), alpha * m_hat)
    return theta, m, v


class RAdamTorch(Optimizer):
    """Waits for rho_t > 5, and adds eps to the uncorrected root. Source: torch.optim.RAdam."""

    rule = staticmethod(radam_torch)
    state_names = ("m", "v")


def rmsprop_momentum_torch(
    theta: Any, g: Any, v: Any, b: Any, *, alpha: Any, rho: Any, mu: Any, eps: Any
) -> Any:
    v = rho * v + (1 - rho) * g * g
    b = mu * b + ratio(g, sqrt(v) + eps)
    theta = theta - alpha * b
    return theta, v, b


class RMSPropMomentumTorch(Optimizer):
    """alpha multiplies the buffer when it is used. Source: torch.optim.RMSprop."""

    rule = staticmethod(rmsprop_momentum_torch)
    state_names = ("v", "b")


def rmsprop_centred_torch(
    theta: Any, g: Any, v: Any, a: Any, *, alpha: Any, rho: Any, eps: Any
) -> Any:
    v = rho * v + (1 - rho) * g * g
    a = rho * a + (1 - rho) * g
    variance = maximum(v - a * a, 0)
    theta = theta - ratio(alpha * g, sqrt(variance) + eps)
    return theta, v, a


class RMSPropCentredTorch(Optimizer):
    """a averages the gradient. Differs: PyTorch lets rounding make the variance negative, and
    its root nan. Source: torch.optim.RMSprop(centered=True)."""

    rule = staticmethod(rmsprop_centred_torch)
    state_names = ("v", "a")


def rmsprop_centred_momentum_torch(
    theta: Any, g: Any, v: Any, a: Any, b: Any, *, alpha: Any, rho: Any, mu: Any, eps: Any
) -> Any:
    v = rho * v + (1 - rho) * g * g
    a = rho * a + (1 - rho) * g
    variance = maximum(v - a * a, 0)
    b = mu * b + ratio(g, sqrt(variance) + eps)
    theta = theta - alpha * b
    return theta, v, a, b


class RMSPropCentredMomentumTorch(Optimizer):
    """Both of the above. Source: torch.optim.RMSprop(centered=True, momentum=...)."""

    rule = staticmethod(rmsprop_centred_momentum_torch)
    state_names = ("v", "a", "b")
