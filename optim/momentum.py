"""Gradient descent with momentum."""

from __future__ import annotations

from typing import Any, Unpack

from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def momentum(theta: Any, g: Any, b: Any, *, alpha: Any, mu: Any) -> Any:
    b = mu * b + g
    theta = theta - alpha * b
    return theta, b


class Momentum(Optimizer):
    """b is the running sum of gradients, older ones fading.

    Differs: alpha multiplies b when it is used, as in PyTorch; Sutskever and Keras multiply
    what goes into b, which is another path when the step size changes
    (`dialect("momentum", "keras")`). Source: Polyak 1964; Sutskever et al. 2013, equations 1-2.
    """

    rule = staticmethod(momentum)
    state_names = ("b",)

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-2,
        momentum: Setting = 0.9,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, **options)
