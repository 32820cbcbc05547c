"""Adagrad, steps that shrink with all gradients seen."""

from __future__ import annotations

from typing import Any

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer, Params


def adagrad(theta: Any, g: Any, s: Any, *, alpha: Any, eps: Any) -> Any:
    s = s + g * g
    theta = theta - ratio(alpha * g, sqrt(s) + eps)
    return theta, s


class Adagrad(Optimizer):
    """s sums the squares of all gradients.

    Differs: the paper has no eps (0 here; over 0 is no move); PyTorch takes 1e-10 outside the
    root, Keras and optax 1e-7 inside it and start s at 0.1. Source: Duchi, Hazan & Singer 2011;
    Kingma & Ba, arXiv 1412.6980v9, section 5.
    """

    rule = staticmethod(adagrad)
    state_names = ("s",)

    def __init__(self, params: Params, lr: float = 1e-2, eps: float = 0.0) -> None:
        super().__init__(params, lr=lr, eps=eps)
