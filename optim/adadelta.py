"""AdaDelta, steps in the units of the parameter."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def adadelta(theta: Any, g: Any, v: Any, d: Any, *, alpha: Any, rho: Any, eps: Any) -> Any:
    v = rho * v + (1 - rho) * g * g
    step = ratio(sqrt(d + eps), sqrt(v + eps)) * g
    d = rho * d + (1 - rho) * step * step
    theta = theta - alpha * step
    return theta, v, d


class AdaDelta(Optimizer):
    """v averages squared gradients, d squared steps; their roots give the step its units.

    Differs: the paper has no step size (lr is 1); Keras takes 0.001. Source: Zeiler 2012,
    arXiv 1212.5701, Algorithm 1.
    """

    rule = staticmethod(adadelta)
    state_names = ("v", "d")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1.0,
        rho: Setting = 0.95,
        eps: Setting = 1e-6,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, **options)
