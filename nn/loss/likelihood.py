"""Losses that are likelihoods, or distances between distributions. Units: nats.

Shapes: prediction (...), target the same -> () or, with reduction "none", the same.
Raises: ShapeError where shapes differ, DTypeError for a prediction that is not of floats.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ...engine import Tensor
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import (
    add,
    exp,
    greater,
    log,
    maximum,
    multiply,
    subtract,
    where,
)
from ...engine.ops.losses import gaussian_nll, xlogx
from ...engine.ops.reductions import over
from ...engine.ops.shaping import data_of, reshape
from ...kernels import OptionError, ShapeError
from ..applied import floats
from .base import Loss
from .checks import above, alike

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class KLDivLoss(Loss):
    """KL(target || prediction) = target (log(target) - log_p), for each element, where the
    prediction is log_p; of a target that is 0 it is 0. With `log_target` the target is a
    logarithm too.

    "batchmean" is the sum over N, the first axis: the divergence of a distribution; "mean"
    divides by all elements. Source: Kullback & Leibler 1951.
    """

    reductions: ClassVar[tuple[str, ...]] = ("mean", "sum", "none", "batchmean")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.log_target = log_target

    def forward(self, log_p: Any, target: Any) -> Tensor:
        log_p, target = alike(self.name, log_p, target)
        if self.log_target:
            losses = multiply(exp(target), subtract(target, log_p))
        else:
            losses = subtract(xlogx(target), multiply(target, log_p))
        if self.reduction != "batchmean":
            return self.reduced(losses)
        if not losses.shape:
            rule, repair = "a batch for batchmean", "use reduction sum"
            raise ShapeError(self.name, rule, "()", repair)
        return over(sum_(losses), losses.shape[0])

    def settings(self) -> dict[str, Any]:
        return {"log_target": self.log_target}


class GaussianNLLLoss(Loss):
    """(log(v) + (prediction - target)^2 / v) / 2 with v = max(var, eps), for each element;
    `full` adds log(2 pi) / 2.

    The gradient passes to var also below eps, as in PyTorch, so that it can leave from there.
    Shapes: var that of the prediction, or with its last axis 1, or without it.
    Source: Nix & Weigend 1994. Raises: OptionError for a var below 0.
    """

    def __init__(
        self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, above(self.name, "eps", eps)

    def forward(self, prediction: Any, target: Any, var: Any) -> Tensor:
        prediction, target = alike(self.name, prediction, target)
        losses = gaussian_nll(prediction, target, self.floored(var, prediction.shape))
        return self.reduced(add(losses, HALF_LOG_2PI) if self.full else losses)

    def floored(self, var: Any, shape: tuple[int, ...]) -> Any:
        """var, no lower than eps, in a shape that broadcasts to that of the prediction."""
        var = floats(self.name, var, "a var")
        if var.shape == shape[:-1] and shape:
            var = reshape(var, (*var.shape, 1))
        if var.shape not in (shape, (*shape[:-1], 1)):
            rule, repair = f"a var of shape {shape} or with its last axis 1", "reshape it"
            raise ShapeError(self.name, rule, str(var.shape), repair)
        known = data_of(var)
        if (known < 0).any():
            got, repair = f"{known.min()}", "let softplus or exp make it"
            raise OptionError(self.name, "a var of 0 or more", got, repair)
        return add(var, maximum(subtract(self.eps, known), 0.0))  # the lift is a constant

    def settings(self) -> dict[str, Any]:
        return {"full": self.full, "eps": self.eps}


class PoissonNLLLoss(Loss):
    """rate - target log(rate), for each element, with rate = exp(prediction), or with
    `log_input` False rate = prediction and log(rate + eps).

    `full` adds Stirling's log(target!), target log(target) - target + log(2 pi target) / 2,
    where target > 1.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        *,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.log_input, self.full = log_input, full
        self.eps = above(self.name, "eps", eps)

    def forward(self, prediction: Any, target: Any) -> Tensor:
        prediction, target = alike(self.name, prediction, target)
        if self.log_input:
            losses = subtract(exp(prediction), multiply(target, prediction))
        else:
            losses = subtract(prediction, multiply(target, log(add(prediction, self.eps))))
        return self.reduced(add(losses, stirling(target)) if self.full else losses)

    def settings(self) -> dict[str, Any]:
        return {"log_input": self.log_input, "full": self.full, "eps": self.eps}


def stirling(n: Any) -> Any:
    """n log(n) - n + log(2 pi n) / 2, about log(n!), where n > 1; 0 elsewhere."""
    is_large = greater(n, 1.0)
    n = where(is_large, n, 1.0)
    series = add(subtract(xlogx(n), n), add(multiply(log(n), 0.5), HALF_LOG_2PI))
    return where(is_large, series, 0.0)
