"""eps under the root, as Keras and optax compute Adagrad and RMSProp."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ...kernels.words import maximum, ratio, sqrt
from ..optimizer import Optimizer


def adagrad_inside(theta: Any, g: Any, s: Any, *, alpha: Any, eps: Any) -> Any:
    s = s + g * g
    theta = theta - ratio(alpha * g, sqrt(s + eps))
    return theta, s


class AdagradInside(Optimizer):
    """s starts at initial_accumulator_value. Source: keras.optimizers.Adagrad, optax.adagrad.

    Differs: PyTorch and the paper add no eps under the root, and start at 0.
    """

    rule = staticmethod(adagrad_inside)
    state_names = ("s",)
    starts = MappingProxyType({"s": "initial_accumulator_value"})
    row_by_row = True


def rmsprop_inside(theta: Any, g: Any, v: Any, *, alpha: Any, rho: Any, eps: Any) -> Any:
    v = rho * v + (1 - rho) * g * g
    theta = theta - ratio(alpha * g, sqrt(v + eps))
    return theta, v


class RMSPropInside(Optimizer):
    """Source: keras.optimizers.RMSprop, optax.rmsprop."""

    rule = staticmethod(rmsprop_inside)
    state_names = ("v",)


def rmsprop_momentum_inside(
    theta: Any, g: Any, v: Any, b: Any, *, alpha: Any, rho: Any, mu: Any, eps: Any
) -> Any:
    v = rho * v + (1 - rho) * g * g
    b = mu * b + ratio(alpha * g, sqrt(v + eps))
    theta = theta - b
    return theta, v, b


class RMSPropMomentumInside(Optimizer):
    """alpha multiplies what goes into the buffer."""

    rule = staticmethod(rmsprop_momentum_inside)
    state_names = ("v", "b")


def rmsprop_centred_inside(
    theta: Any, g: Any, v: Any, a: Any, *, alpha: Any, rho: Any, eps: Any
) -> Any:
    v = rho * v + (1 - rho) * g * g
    a = rho * a + (1 - rho) * g
    variance = maximum(v - a * a, 0)
    theta = theta - ratio(alpha * g, sqrt(variance + eps))
    return theta, v, a


class RMSPropCentredInside(Optimizer):
    """a averages the gradient; a variance that rounding made negative counts as 0."""

    rule = staticmethod(rmsprop_centred_inside)
    state_names = ("v", "a")


def rmsprop_centred_momentum_inside(
    theta: Any, g: Any, v: Any, a: Any, b: Any, *, alpha: Any, rho: Any, mu: Any, eps: Any
) -> Any:
    v = rho * v + (1 - rho) * g * g
    a = rho * a + (1 - rho) * g
    variance = maximum(v - a * a, 0)
    b = mu * b + ratio(alpha * g, sqrt(variance + eps))
    theta = theta - b
    return theta, v, a, b


class RMSPropCentredMomentumInside(Optimizer):
    """Both of the above, which is Graves' rule in other letters."""

    rule = staticmethod(rmsprop_centred_momentum_inside)
    state_names = ("v", "a", "b")
