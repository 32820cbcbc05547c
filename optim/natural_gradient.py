"""Natural gradient descent with a diagonal Fisher matrix."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio
from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def natural_gradient(
    theta: Any, g: Any, v: Any, *, t: Any, alpha: Any, beta2: Any, eps: Any
) -> Any:
    v = beta2 * v + (1 - beta2) * g * g
    v_hat = v / (1 - beta2**t)
    theta = theta - ratio(alpha * g, v_hat + eps)
    return theta, v


class NaturalGradient(Optimizer):
    """v_hat estimates the diagonal of the Fisher matrix, E[g * g]; Adam takes its root, which
    is the more careful step.

    Differs: g is the gradient it is given: the (empirical) Fisher matrix where that is of one
    example, less than it where it is a mean of many. Source: Amari 1998; Pascanu & Bengio 2013;
    the relation is drawn in Kingma & Ba, arXiv 1412.6980v9, section 5.
    """

    rule = staticmethod(natural_gradient)
    state_names = ("v",)

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-3,
        beta2: Setting = 0.999,
        eps: Setting = 1e-4,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, beta2=beta2, eps=eps, **options)
