"""Adam in the efficient ordering at the end of section 2 of its paper."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def adam_eps_hat(
    theta: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    t: Any,
    alpha: Any,
    beta1: Any,
    beta2: Any,
    eps_hat: Any,
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    alpha_t = alpha * sqrt(1 - beta2**t) / (1 - beta1**t)
    theta = theta - ratio(alpha_t * m, sqrt(v) + eps_hat)
    return theta, m, v


class AdamEpsHat(Optimizer):
    """Adam with both corrections moved into the step size, and so another epsilon.

    Differs: equals Algorithm 1 only for eps_hat = eps * sqrt(1 - beta2^t), which changes with
    t; a fixed eps_hat acts at t = 1 like an eps 31.6 times as large (beta2 = 0.999). TensorFlow
    and Keras compute this form. Source: Kingma & Ba, arXiv 1412.6980v9, end of section 2.
    """

    rule = staticmethod(adam_eps_hat)
    state_names = ("m", "v")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps_hat: Setting = 1e-8,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps_hat=eps_hat, **options)
