"""AdaBound, Adam whose step size closes in on that of SGD."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import maximum, minimum, ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def adabound(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    t: Any,
    alpha: Any,
    beta1: Any,
    beta2: Any,
    alpha_star: Any,
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    lower = alpha_star * (1 - 1 / ((1 - beta2) * t + 1))
    upper = alpha_star * (1 + 1 / ((1 - beta2) * t))
    eta = maximum(minimum(ratio(alpha, sqrt(v)), upper), lower)
    theta = theta - eta / sqrt(t) * m
    return theta, m, v


class AdaBound(Optimizer):
    """alpha / sqrt(v), clipped between bounds that meet at final_lr.

    Differs: the authors' code corrects for the start and leaves 1 / sqrt(t) out. Source: Luo
    et al. 2019, arXiv 1902.09843, Algorithm 2.
    """

    rule = staticmethod(adabound)
    state_names = ("m", "v")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-3,
        betas: Betas = (0.9, 0.999),
        final_lr: Setting = 0.1,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, final_lr=final_lr, **options)
