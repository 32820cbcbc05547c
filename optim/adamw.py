"""AdamW as libraries compute it: decay multiplied by the step size."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Checks, Setting


def adamw(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    t: Any,
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
    theta = theta - alpha * (ratio(m_hat, sqrt(v_hat) + eps) + lam * theta)
    return theta, m, v


class AdamW(Optimizer):
    """Adam with weight decay that its averages do not see.

    Differs: the paper does not multiply the decay by alpha (`AdamWDecoupled`); PyTorch, optax
    and Keras do, and `weight_decay` has their meaning here. Source: Loshchilov & Hutter,
    arXiv 1711.05101, Algorithm 2, with lambda for lambda / alpha.
    """

    rule = staticmethod(adamw)
    state_names = ("m", "v")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: Setting = 1e-8,
        weight_decay: Setting = 1e-2,
        **options: Unpack[Checks],
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, **settings, **options)
