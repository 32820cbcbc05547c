"""Adam as it is also computed, under no name of its own."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ...kernels.words import ratio, sqrt
from ..optimizer import Optimizer

MOMENTS = MappingProxyType({"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8})


def adam_inside(
    theta: Any, g: Any, m: Any, v: Any, *, t: Any, alpha: Any, beta1: Any, beta2: Any, eps: Any
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - ratio(alpha * m_hat, sqrt(v_hat + eps))
    return theta, m, v


class AdamInside(Optimizer):
    """eps under the corrected root. Source: optax.adam with eps_root, and eps = 0."""

    rule = staticmethod(adam_inside)
    state_names = ("m", "v")
    presets = MOMENTS


def adam_uncorrected(
    theta: Any, g: Any, m: Any, v: Any, *, alpha: Any, beta1: Any, beta2: Any, eps: Any
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    theta = theta - ratio(alpha * m, sqrt(v) + eps)
    return theta, m, v


class AdamUncorrected(Optimizer):
    """No bias correction. Source: the optimizer of BERT's reference code.

    Differs: that one decays weights as well, by AdamW's rule.
    """

    rule = staticmethod(adam_uncorrected)
    state_names = ("m", "v")
    presets = MOMENTS
