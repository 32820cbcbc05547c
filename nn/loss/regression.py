"""Losses of real numbers: how far the prediction is from the target.

Shapes: prediction (...), target the same -> () or, with reduction "none", the same.
Units: those of the prediction, squared where the error is.
Raises: ShapeError where the shapes differ, DTypeError for a prediction that is not of floats.
"""

from __future__ import annotations

from typing import Any

from ...engine import Tensor
from ...engine.ops.elementwise import absolute, divide, square, subtract
from ...engine.ops.losses import huber
from .base import Loss
from .checks import above, alike, at_least


class MSELoss(Loss):
    """(prediction - target)^2, for each element."""

    def forward(self, prediction: Any, target: Any) -> Tensor:
        prediction, target = alike(self.name, prediction, target)
        return self.reduced(square(subtract(prediction, target)))


class L1Loss(Loss):
    """|prediction - target|, for each element; the slope where they are equal is 0."""

    def forward(self, prediction: Any, target: Any) -> Tensor:
        prediction, target = alike(self.name, prediction, target)
        return self.reduced(absolute(subtract(prediction, target)))


class HuberLoss(Loss):
    """error^2 / 2 where |error| <= delta, beyond that delta (|error| - delta / 2).

    Source: Huber 1964, "Robust Estimation of a Location Parameter".
    """

    def __init__(self, *, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = above(self.name, "delta", delta)

    def forward(self, prediction: Any, target: Any) -> Tensor:
        prediction, target = alike(self.name, prediction, target)
        return self.reduced(huber(subtract(prediction, target), self.delta))

    def settings(self) -> dict[str, Any]:
        return {"delta": self.delta}


class SmoothL1Loss(Loss):
    """error^2 / (2 beta) where |error| < beta, beyond that |error| - beta / 2: Huber's loss of
    delta = beta, over beta. With beta 0 it is L1Loss.

    Source: Girshick 2015, "Fast R-CNN", eq. 3, which has beta = 1.
    """

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = at_least(self.name, "beta", beta, 0)

    def forward(self, prediction: Any, target: Any) -> Tensor:
        prediction, target = alike(self.name, prediction, target)
        error = subtract(prediction, target)
        if self.beta == 0:
            return self.reduced(absolute(error))
        return self.reduced(divide(huber(error, self.beta), self.beta))

    def settings(self) -> dict[str, Any]:
        return {"beta": self.beta}
