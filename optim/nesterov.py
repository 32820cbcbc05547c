"""Gradient descent with Nesterov's momentum."""

from __future__ import annotations

from typing import Any, Unpack

from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def nesterov(theta: Any, g: Any, b: Any, *, alpha: Any, mu: Any) -> Any:
    b = mu * b + g
    theta = theta - alpha * (g + mu * b)
    return theta, b


class Nesterov(Optimizer):
    """Momentum that looks ahead: theta is where the gradient is taken, theta + mu * velocity.

    Differs: alpha multiplies b when it is used, as in PyTorch; see `Momentum`. Source:
    Sutskever et al. 2013, equations 3-4, in the variable theta + mu * velocity.
    """

    rule = staticmethod(nesterov)
    state_names = ("b",)

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-2,
        momentum: Setting = 0.9,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, **options)
