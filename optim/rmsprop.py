"""RMSProp, gradients divided by their recent root mean square."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def rmsprop(theta: Any, g: Any, v: Any, *, alpha: Any, rho: Any, eps: Any) -> Any:
    v = rho * v + (1 - rho) * g * g
    theta = theta - ratio(alpha * g, sqrt(v) + eps)
    return theta, v


class RMSProp(Optimizer):
    """v averages the square of the gradient and starts at zero, uncorrected: a first step is
    lr / sqrt(1 - alpha).

    Differs: the lecture has no eps; PyTorch adds it outside the root as here, Keras and optax
    inside. `alpha` is PyTorch's word for rho; its default there is 0.99, in the lecture 0.9.
    Source: Tieleman & Hinton, Coursera Neural Networks for Machine Learning, lecture 6.5, 2012.
    """

    rule = staticmethod(rmsprop)
    state_names = ("v",)

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-2,
        alpha: Setting = 0.9,
        eps: Setting = 1e-8,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, **options)
