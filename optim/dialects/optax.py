"""What optax computes where it is neither the paper's rule nor PyTorch's."""

from __future__ import annotations

from typing import Any

from ...kernels.words import maximum, ratio, sqrt, where
from ..optimizer import Optimizer


def amsgrad_optax(
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
    eps: Any,
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    v_max = maximum(v_max, v / (1 - beta2**t))
    theta = theta - ratio(alpha * m_hat, sqrt(v_max) + eps)
    return theta, m, v, v_max


class AMSGradOptax(Optimizer):
    """The largest corrected v. Source: optax.amsgrad."""

    rule = staticmethod(amsgrad_optax)
    state_names = ("m", "v", "v_max")


def nadam_optax(
    theta: Any, g: Any, m: Any, v: Any, *, t: Any, alpha: Any, beta1: Any, beta2: Any, eps: Any
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = beta1 / (1 - beta1 ** (t + 1)) * m + (1 - beta1) / (1 - beta1**t) * g
    v_hat = v / (1 - beta2**t)
    theta = theta - ratio(alpha * m_hat, sqrt(v_hat) + eps)
    return theta, m, v


class NAdamOptax(Optimizer):
    """mu is beta1 at every step. Source: optax.nadam."""

    rule = staticmethod(nadam_optax)
    state_names = ("m", "v")


def radam_optax(
    theta: Any, g: Any, m: Any, v: Any, *, t: Any, alpha: Any, beta1: Any, beta2: Any, eps: Any
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    rho_inf = 2 / (1 - beta2) - 1
    rho_t = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    num, den = (rho_t - 4) * (rho_t - 2) * rho_inf, (rho_inf - 4) * (rho_inf - 2) * rho_t
    r_t = sqrt(num / den)
    adaptive = ratio(alpha * r_t * m_hat, sqrt(v_hat) + eps)
    theta = theta - where(rho_t >= 5, adaptive, alpha * m_hat)
    return theta, m, v


class RAdamOptax(Optimizer):
    """Waits for rho_t >= 5. Source: optax.radam."""

    rule = staticmethod(radam_optax)
    state_names = ("m", "v")
