"""AdamW as its paper prints it: decay free of the step size."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Checks, Setting


def adamw_decoupled(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    t: Any,
    eta: Any,
    alpha: Any,
    beta1: Any,
    beta2: Any,
    eps: Any,
    lam: Any,
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - eta * (ratio(alpha * m_hat, sqrt(v_hat) + eps) + lam * theta)
    return theta, m, v


class AdamWDecoupled(Optimizer):
    """Weights shrink by eta * weight_decay at every step, whatever the step size alpha.

    Units: weight_decay is a share of theta a step; libraries' 0.01 at lr 0.001 is 1e-5 here.
    `eta` multiplies both and is meant to be a schedule. Source: Loshchilov & Hutter,
    arXiv 1711.05101, Algorithm 2, line 12.
    """

    rule = staticmethod(adamw_decoupled)
    state_names = ("m", "v")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: Setting = 1e-8,
        weight_decay: Setting = 1e-5,
        eta: Setting = 1.0,
        **options: Unpack[Checks],
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, **settings, eta=eta, **options)
