"""Adam as section 4 of its paper analyses it: both rates fade."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def adam_convex(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    t: Any,
    alpha: Any,
    beta1: Any,
    lambd: Any,
    beta2: Any,
    eps: Any,
) -> Any:
    beta1_t = beta1 * lambd ** (t - 1)
    beta1_product = beta1**t * lambd ** (t * (t - 1) / 2)
    m = beta1_t * m + (1 - beta1_t) * g
    v = beta2 * v + (1 - beta2) * g * g
    v_hat = v / (1 - beta2**t)
    alpha_t = alpha / sqrt(t) / (1 - beta1_product)
    theta = theta - ratio(alpha_t * m, sqrt(v_hat) + eps)
    return theta, m, v


class AdamConvex(Optimizer):
    """Adam with alpha / sqrt(t) and beta1 lambda^(t - 1), the setting of Theorem 4.1.

    Differs: the paper's 1 - beta1^t is not what m weighs when beta1 fades; 1 - prod beta1_s is.
    Its bound on the regret does not hold as written: see `fusegrad verify`. Source: Kingma &
    Ba, arXiv 1412.6980v9, section 4.
    """

    rule = staticmethod(adam_convex)
    state_names = ("m", "v")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-2,
        betas: Betas = (0.9, 0.999),
        eps: Setting = 1e-8,
        beta1_decay: Setting = 1 - 1e-8,
        **options: Unpack[Options],
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "beta1_decay": beta1_decay}
        super().__init__(params, **settings, **options)
