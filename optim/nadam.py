"""NAdam, Adam with Nesterov's momentum."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def nadam(
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
    m = mu_t * m + (1 - mu_t) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = mu_next / (1 - mu_product * mu_next) * m + (1 - mu_t) / (1 - mu_product) * g
    v_hat = v / (1 - beta2**t)
    theta = theta - ratio(alpha * m_hat, sqrt(v_hat) + eps)
    return theta, m, v, mu_product


class NAdam(Optimizer):
    """The next step's momentum is applied now; mu warms up from beta1 / 2 to beta1.

    Differs: PyTorch averages m with beta1, not mu_t; Keras warms up 250 times as fast; optax
    keeps mu = beta1 (`dialect`). The workshop paper prints vhat with one more factor beta2,
    which the author's own report and all libraries lack, and so does this. Source: Dozat 2016,
    Incorporating Nesterov Momentum into Adam.
    """

    rule = staticmethod(nadam)
    state_names = ("m", "v")
    starts = MappingProxyType({"mu_product": 1.0})

    def __init__(
        self,
        params: Params,
        lr: Setting = 2e-3,
        betas: Betas = (0.9, 0.999),
        eps: Setting = 1e-8,
        momentum_decay: Setting = 4e-3,
        **options: Unpack[Options],
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "momentum_decay": momentum_decay}
        super().__init__(params, **settings, **options)
