"""AdamNC: Adam with beta2 = 1 - 1/t, for which regret is bounded."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def adam_nc(
    theta: Any, g: Any, m: Any, v: Any, *, t: Any, alpha: Any, beta1: Any, lambd: Any, eps: Any
) -> Any:
    beta1_t = beta1 * lambd ** (t - 1)
    beta2_t = 1 - 1 / t
    m = beta1_t * m + (1 - beta1_t) * g
    v = beta2_t * v + (1 - beta2_t) * g * g
    theta = theta - ratio(alpha / sqrt(t) * m, sqrt(v) + eps)
    return theta, m, v


class AdamNC(Optimizer):
    """v is the mean of all squared gradients, so that with beta1 = 0 this is Adagrad.

    Differs: no projection; the paper has no eps. Source: Reddi et al. 2018, arXiv 1904.09237,
    Algorithm 3 and Corollary 2.
    """

    rule = staticmethod(adam_nc)
    state_names = ("m", "v")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-2,
        beta1: Setting = 0.9,
        beta1_decay: Setting = 0.999,
        eps: Setting = 0.0,
        **options: Unpack[Options],
    ) -> None:
        settings = {"lr": lr, "beta1": beta1, "beta1_decay": beta1_decay, "eps": eps}
        super().__init__(params, **settings, **options)
