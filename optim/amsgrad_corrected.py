"""AMSGrad with Adam's corrections, as PyTorch computes it."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import maximum, ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def amsgrad_corrected(
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
    v_max = maximum(v_max, v)
    m_hat = m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t)
    theta = theta - ratio(alpha * m_hat, sqrt(v_hat) + eps)
    return theta, m, v, v_max


class AMSGradCorrected(Optimizer):
    """Adam with the largest raw v so far in place of v, corrected afterwards.

    Differs: the paper corrects nothing (`AMSGrad`); Keras corrects in the efficient ordering,
    optax takes the largest of the corrected (`dialect`). Source: PyTorch, Adam(amsgrad=True).
    """

    rule = staticmethod(amsgrad_corrected)
    state_names = ("m", "v", "v_max")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: Setting = 1e-8,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, **options)
