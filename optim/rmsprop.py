"""RMSProp, gradients divided by their recent root mean square."""

from __future__ import annotations

from typing import Any

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer, Params


def rmsprop(theta: Any, g: Any, v: Any, *, alpha: Any, rho: Any, eps: Any) -> Any:
    v = rho * v + (1 - rho) * g * g
    theta = theta - ratio(alpha * g, sqrt(v) + eps)
    return theta, v


class RMSProp(Optimizer):
    """v averages the square of the gradient and starts at zero, uncorrected.

    Differs: the lecture has no eps; PyTorch adds it outside the root as here, Keras and optax
    inside. `alpha` is PyTorch's word for rho; its default there is 0.99, in the lecture 0.9.
    Source: Tieleman & Hinton, Coursera Neural Networks for Machine Learning, lecture 6.5, 2012.
    """

    rule = staticmethod(rmsprop)
    state_names = ("v",)

    def __init__(
        self, params: Params, lr: float = 1e-2, alpha: float = 0.9, eps: float = 1e-8
    ) -> None:
        super().__init__(params, lr=lr, alpha=alpha, eps=eps)
