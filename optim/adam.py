"""Adam as Algorithm 1 of its paper."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def adam(
    theta: Any, g: Any, m: Any, v: Any, *, t: Any, alpha: Any, beta1: Any, beta2: Any, eps: Any
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - ratio(alpha * m_hat, sqrt(v_hat) + eps)
    return theta, m, v


class Adam(Optimizer):
    """m and v average the gradient and its square; both are corrected for starting at zero.

    Differs: a denominator of 0 (eps = 0, g = 0) is no move. PyTorch and optax compute this
    form, TensorFlow and Keras that of `AdamEpsHat`. Source: Kingma & Ba, arXiv 1412.6980v9,
    Algorithm 1.
    """

    rule = staticmethod(adam)
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
