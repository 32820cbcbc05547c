"""Activations as layers: each is the elementwise op of its name.

Differs, in all: PyTorch's `inplace` is not taken. Slopes at kinks are in docs/ops.md.
"""

from __future__ import annotations

from typing import Any

from ..engine import Tensor
from ..engine.ops import activations, elementwise
from ..engine.ops.shaping import reshape
from ..kernels import OptionError, ShapeError
from .applied import Applied, floats
from .init import constant
from .module import Module
from .parameter import Parameter


class Identity(Module):
    """x. Differs: takes no arguments; PyTorch takes any and ignores them."""

    def forward(self, x: Any) -> Any:
        return x


# ---- straight pieces ------------------------------------------------------------------------
class ReLU(Applied):
    """max(x, 0)."""

    op = staticmethod(activations.relu)


class ReLU6(Applied):
    """min(max(x, 0), 6)."""

    op = staticmethod(activations.relu6)


class LeakyReLU(Applied):
    """x where x > 0, else negative_slope * x. Source: Maas et al. 2013."""

    op, settings = staticmethod(activations.leaky_relu), ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope


class PReLU(Module):
    """x where x > 0, else a * x: LeakyReLU with a slope that is learned, one for all or one for
    each channel. It begins as `init`.

    Shapes: x (N, C, ...) -> the same; a (C,), or (1,) for an x of any shape.
    Raises: ShapeError for another number of channels. Source: He et al. 2015, eq. 1.
    """

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        if num_parameters < 1:
            rule, got = "num_parameters of at least 1", f"{num_parameters}"
            raise OptionError("PReLU", rule, got, "give the number of channels")
        self.weight = Parameter(constant((num_parameters,), init), "weight")

    def forward(self, x: Any) -> Tensor:
        x, (count,) = floats("PReLU", x), self.weight.shape
        n = len(x.shape)
        if count > 1 and x.shape[1:2] != (count,):
            repair = "build PReLU for its channels, or for 1"
            raise ShapeError("PReLU", f"x of shape (N, {count}, ...)", str(x.shape), repair)
        slopes = reshape(self.weight, (count, *(1,) * (n - 2)) if n > 1 else (1,) * n)
        return activations.leaky_relu(x, slopes)

    def extra_repr(self) -> str:
        return f"num_parameters={self.weight.shape[0]}"


class Hardtanh(Applied):
    """min(max(x, min_val), max_val). Raises: OptionError for bounds in another order."""

    op, settings = staticmethod(activations.hardtanh), ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        _demand("Hardtanh", min_val < max_val, "min_val < max_val", f"{min_val} and {max_val}")
        self.min_val, self.max_val = min_val, max_val


class Hardsigmoid(Applied):
    """min(max(x + 3, 0), 6) / 6. Source: Howard et al. 2019, section 5.2."""

    op = staticmethod(activations.hardsigmoid)


class Hardswish(Applied):
    """x min(max(x + 3, 0), 6) / 6. Source: Howard et al. 2019, section 5.2."""

    op = staticmethod(activations.hardswish)


class Hardshrink(Applied):
    """x where |x| > lambd, else 0."""

    op, settings = staticmethod(activations.hardshrink), ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd


class Softshrink(Applied):
    """x moved towards 0 by lambd, and 0 where |x| <= lambd. Raises: OptionError for lambd < 0.

    Source: Donoho 1995.
    """

    op, settings = staticmethod(activations.softshrink), ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        _demand("Softshrink", lambd >= 0, "lambd >= 0", f"{lambd}")
        self.lambd = lambd


# ---- exponential ----------------------------------------------------------------------------
class Sigmoid(Applied):
    """1 / (1 + exp(-x))."""

    op = staticmethod(activations.sigmoid)


class LogSigmoid(Applied):
    """log(1 / (1 + exp(-x)))."""

    op = staticmethod(activations.logsigmoid)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta. Raises: OptionError for a beta that is not above 0.

    Differs: PyTorch gives x where beta x > threshold = 20, which errs by 2e-9 / beta.
    """

    def __init__(self, beta: float = 1.0) -> None:
        _demand("Softplus", beta > 0, "beta above 0", f"{beta}")
        self.beta = beta

    def forward(self, x: Any) -> Any:
        y = activations.softplus(elementwise.multiply(x, self.beta))
        return elementwise.divide(y, self.beta)

    def extra_repr(self) -> str:
        return f"beta={self.beta}"


class Tanh(Applied):
    """tanh(x)."""

    op = staticmethod(elementwise.tanh)


class Tanhshrink(Applied):
    """x - tanh(x)."""

    op = staticmethod(activations.tanhshrink)


class Softsign(Applied):
    """x / (1 + |x|)."""

    op = staticmethod(activations.softsign)


class ELU(Applied):
    """x where x > 0, else alpha (exp(x) - 1). Source: Clevert et al. 2016."""

    op, settings = staticmethod(activations.elu), ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha


class SELU(Applied):
    """1.0507... x where x > 0, else 1.0507... * 1.6732... (exp(x) - 1): mean 0 and variance 1
    stay so. Source: Klambauer et al. 2017, eq. 2."""

    op = staticmethod(activations.selu)


class CELU(Applied):
    """x where x > 0, else alpha (exp(x / alpha) - 1). Raises: OptionError for alpha = 0.

    Source: Barron 2017, eq. 2.
    """

    op, settings = staticmethod(activations.celu), ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        _demand("CELU", alpha != 0, "alpha other than 0", f"{alpha}")
        self.alpha = alpha


# ---- x times a gate -------------------------------------------------------------------------
class GELU(Applied):
    """x times the share of a standard normal below x; approximate="tanh" takes
    (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2 for that share.

    Raises: OptionError for another approximation. Source: Hendrycks & Gimpel 2016.
    """

    op, settings = staticmethod(activations.gelu), ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        known = activations.GELUS
        _demand("GELU", approximate in known, f"one of {', '.join(known)}", repr(approximate))
        self.approximate = approximate


class SiLU(Applied):
    """x / (1 + exp(-x)). Source: Elfwing et al. 2018."""

    op = staticmethod(activations.silu)


class Mish(Applied):
    """x tanh(log(1 + exp(x))). Source: Misra 2020."""

    op = staticmethod(activations.mish)


def _demand(where: str, holds: bool, rule: str, got: str) -> None:
    if not holds:
        raise OptionError(where, rule, got, "choose another setting")
