"""Stochastic gradient descent: plain, with momentum, and with Nesterov's momentum."""

from __future__ import annotations

from typing import Any

from ..kernels import OptionError, Update
from .optimizer import Optimizer, Params


def sgd(theta: Any, g: Any, *, alpha: Any) -> Any:
    theta = theta - alpha * g
    return (theta,)


def momentum(theta: Any, g: Any, b: Any, *, alpha: Any, mu: Any) -> Any:
    b = mu * b + g
    theta = theta - alpha * b
    return theta, b


def nesterov(theta: Any, g: Any, b: Any, *, alpha: Any, mu: Any) -> Any:
    b = mu * b + g
    theta = theta - alpha * (g + mu * b)
    return theta, b


MOMENTUM = {False: Update(momentum), True: Update(nesterov)}


class SGD(Optimizer):
    """theta moves against the gradient, or against the running sum b of gradients.

    Momentum selects one of three named rules, once, when the optimizer is built. Differs: alpha
    multiplies b when it is used, as in PyTorch; Keras multiplies what goes into b, which is
    another path when the step size changes. Source: Sutskever et al. 2013, in the variable
    theta + mu * velocity for Nesterov's form.
    """

    rule = staticmethod(sgd)
    state_names: tuple[str, ...] = ()

    def __init__(
        self, params: Params, lr: float = 1e-2, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        if nesterov and not momentum:
            raise OptionError(
                "SGD",
                "momentum > 0 for Nesterov's form",
                f"momentum={momentum}",
                "set momentum, for example 0.9",
            )
        settings: dict[str, Any] = {"lr": lr}
        if momentum:
            self.update, self.state_names = MOMENTUM[nesterov], ("b",)
            settings |= {"momentum": momentum, "nesterov": nesterov}
        super().__init__(params, **settings)
