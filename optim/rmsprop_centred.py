"""RMSProp with the gradient's variance, and momentum, as Graves wrote it."""

from __future__ import annotations

from typing import Any, Unpack

from ..kernels.words import maximum, ratio, sqrt
from .optimizer import Optimizer
from .parameters import Params
from .settings import Options, Setting


def rmsprop_centred(
    theta: Any,
    g: Any,
    n: Any,
    g_bar: Any,
    d: Any,
    *,
    alpha: Any,
    rho: Any,
    mu: Any,
    eps: Any,
) -> Any:
    n = rho * n + (1 - rho) * g * g
    g_bar = rho * g_bar + (1 - rho) * g
    variance = maximum(n - g_bar * g_bar, 0)
    d = mu * d - ratio(alpha * g, sqrt(variance + eps))
    theta = theta + d
    return theta, n, g_bar, d


class RMSPropCentred(Optimizer):
    """The gradient over its recent standard deviation; alpha goes into the momentum buffer d.

    Differs: a variance that rounding made negative counts as 0, where PyTorch and Keras take
    its root and get nan. PyTorch adds eps outside the root, and alpha to the buffer when it is
    used. Source: Graves, arXiv 1308.0850, equations 38 to 45.
    """

    rule = staticmethod(rmsprop_centred)
    state_names = ("n", "g_bar", "d")

    def __init__(
        self,
        params: Params,
        lr: Setting = 1e-4,
        alpha: Setting = 0.95,
        momentum: Setting = 0.9,
        eps: Setting = 1e-4,
        **options: Unpack[Options],
    ) -> None:
        settings = {"lr": lr, "alpha": alpha, "momentum": momentum, "eps": eps}
        super().__init__(params, **settings, **options)
