"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels import OptionError
from .momentum import Momentum
from .nesterov import Nesterov
from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def sgd(theta: Any, g: Any, *, alpha: Any) -> Any:
    theta = theta - alpha * g
    return (theta,)


class SGD(Optimizer):
    """theta moves against the gradient; a row without one stays, so `SparseRows` give the dense
    result.

    Differs: with `momentum`, PyTorch's words for it, this is the rule of `Momentum` or
    `Nesterov`, chosen once, when the optimizer is built. Source: Robbins & Monro 1951.
    """

    rule = staticmethod(sgd)

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-2,
        momentum: Setting = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        if nesterov and not momentum:
            expected, repair = (
                "momentum > 0 for Nesterov's form",
                "set momentum, for example 0.9",
            )
            raise OptionError("SGD", expected, f"momentum={momentum}", repair)
        settings: dict[str, Any] = {"lr": lr}
        self.row_by_row = not momentum
        if momentum:
            chosen = Nesterov if nesterov else Momentum
            self.update, self.state_names = chosen.update, chosen.state_names
            settings |= {"momentum": momentum, "nesterov": nesterov}
        super().__init__(params, **settings, **options)
