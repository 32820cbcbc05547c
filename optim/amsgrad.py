"""AMSGrad: a step size that never grows."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import maximum, ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def amsgrad(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    v_hat: Any,
    *,
    alpha: Any,
    beta1: Any,
    beta2: Any,
    eps: Any,
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    v_hat = maximum(v_hat, v)
    theta = theta - ratio(alpha * m, sqrt(v_hat) + eps)
    return theta, m, v, v_hat


class AMSGrad(Optimizer):
    """Adam without corrections, divided by the largest v so far: it converges on the problems
    that Reddi, Kale and Kumar built against Adam.

    Differs: no projection; step sizes alpha / sqrt(t), for which regret is bounded, are
    `lr=InverseSqrt(alpha)`. Libraries correct for the start: PyTorch computes
    `AMSGradCorrected`. Source: Reddi et al. 2018, arXiv 1904.09237, Algorithm 2.
    """

    rule = staticmethod(amsgrad)
    state_names = ("m", "v", "v_hat")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: Setting = 0.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, **options)
