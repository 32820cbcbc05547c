"""Adagrad, steps that shrink with all gradients seen."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def adagrad(theta: Any, g: Any, s: Any, *, alpha: Any, eps: Any) -> Any:
    s = s + g * g
    theta = theta - ratio(alpha * g, sqrt(s) + eps)
    return theta, s


class Adagrad(Optimizer):
    """s sums the squares of all gradients; a row without one stays as it is, so `SparseRows`
    give the dense result.

    Differs: the paper has no eps (0 here; over 0 is no move); PyTorch takes 1e-10 outside the
    root, Keras and optax 1e-7 inside it and start s at 0.1. In float32 s no longer grows once
    it is 2^24 times g * g: `state_dtype=float64` goes on. Source: Duchi, Hazan & Singer 2011;
    Kingma & Ba, arXiv 1412.6980v9, section 5.
    """

    rule = staticmethod(adagrad)
    state_names = ("s",)
    row_by_row = True

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-2,
        eps: Setting = 0.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, eps=eps, **options)
