"""RAdam, Adam whose first steps wait for a variance worth dividing by."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt, where
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def radam(
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
    theta = theta - where(rho_t > 4, adaptive, alpha * m_hat)
    return theta, m, v


class RAdam(Optimizer):
    """Momentum alone while the average v rests on too few gradients (rho_t <= 4), then Adam
    times the rectifier r_t.

    Differs: the paper has no eps; PyTorch and optax wait for rho_t > 5. Source: Liu et al.
    2020, arXiv 1908.03265, Algorithm 2.
    """

    rule = staticmethod(radam)
    state_names = ("m", "v")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: Setting = 1e-8,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, **options)
