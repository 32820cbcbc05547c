"""Lion, steps of one size."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import sign
from .optimizer import Optimizer
from .parameters import Params
from .settings import Betas, Checks, Setting


def lion(theta: Any, g: Any, m: Any, *, alpha: Any, beta1: Any, beta2: Any, lam: Any) -> Any:
    c = beta1 * m + (1 - beta1) * g
    theta = theta - alpha * (sign(c) + lam * theta)
    m = beta2 * m + (1 - beta2) * g
    return theta, m


class Lion(Optimizer):
    """The sign of a momentum, with decoupled decay; beta1 mixes the step, beta2 the memory.

    Source: Chen et al. 2023, arXiv 2302.06675, Algorithm 2.
    """

    rule = staticmethod(lion)
    state_names = ("m",)

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-4,
        betas: Betas = (0.9, 0.99),
        weight_decay: Setting = 0.0,
        **options: Unpack[Checks],
    ) -> None:
        settings = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        super().__init__(params, **settings, **options)
