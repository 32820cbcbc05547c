"""AdaMax, Adam under the infinity norm."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import maximum, ratio
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Options, Setting


def adamax(
    theta: Any, g: Any, m: Any, u: Any, *, t: Any, alpha: Any, beta1: Any, beta2: Any
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    u = maximum(beta2 * u, abs(g))
    theta = theta - alpha / (1 - beta1**t) * ratio(m, u)
    return theta, m, u


class AdaMax(Optimizer):
    """u is the largest gradient so far, older ones fading; it needs no correction and no eps.

    Differs: u = 0 is no move. PyTorch and optax add an eps to |g|, TensorFlow one to u; the
    paper has none. Source: Kingma & Ba, arXiv 1412.6980v9, Algorithm 2.
    """

    rule = staticmethod(adamax)
    state_names = ("m", "u")

    def __init__(
        self,
        params: Params,
        lr: Setting = 2e-3,
        betas: Betas = (0.9, 0.999),
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, **options)
