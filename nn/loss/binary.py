"""Losses of two classes by one logit: x > 0 says 1, x < 0 says 0. Units: nats.

Shapes: logits (...), targets in [0, 1] the same -> () or, with reduction "none", the same.
There is no BCELoss: of a probability near 1 the digits that count are lost already.
Raises: ShapeError where shapes differ, DTypeError for logits that are not of floats.
"""

from __future__ import annotations

from typing import Any

from ...engine import Tensor
from ...engine.ops.elementwise import add, multiply, negative, subtract
from ...engine.ops.losses import bce_with_logits, focal
from ...engine.ops.shaping import astype
from ...kernels import ShapeError
from ..parameter import Buffer
from .base import Loss
from .checks import alike, at_least, constant, within


class BCEWithLogitsLoss(Loss):
    """-weight (pos_weight target log p + (1 - target) log(1 - p)) with p = logistic(logit).

    Both weights broadcast to the logits. "mean" divides by the number of elements, whatever
    the weights.
    """

    weight: Buffer | None
    pos_weight: Buffer | None

    def __init__(
        self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
    ) -> None:
        super().__init__(reduction=reduction)
        self.weight = constant(weight, "weight")
        self.pos_weight = constant(pos_weight, "pos_weight")

    def forward(self, logits: Any, targets: Any) -> Tensor:
        logits, targets = alike(self.name, logits, targets)
        pos_weight = self.beside("pos_weight", self.pos_weight, logits)
        losses = bce_with_logits(logits, targets, pos_weight)
        return self.reduced(multiply(losses, self.beside("weight", self.weight, logits)))

    def beside(self, name: str, weight: Any, logits: Any) -> Any:
        """A weight in the dtype of the logits; 1 where there is none."""
        if weight is None:
            return 1.0
        n = len(logits.shape) - len(weight.shape)
        if n < 0 or any(k not in (1, m) for k, m in zip(weight.shape, logits.shape[n:])):
            rule, repair = f"a {name} that broadcasts to {logits.shape}", "reshape it"
            raise ShapeError(self.name, rule, str(weight.shape), repair)
        return astype(weight, logits.dtype)


class BinaryFocalLoss(Loss):
    """-alpha target (1 - p)^gamma log p - (1 - alpha) (1 - target) p^gamma log(1 - p) with
    p = logistic(logit); with alpha None both alpha and 1 - alpha are left out.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", eq. 5, with the values of
    sec. 5.1 as defaults. Differs: the paper divides the sum by the number of boxes that hold an
    object. PyTorch has no such layer; torchvision's `sigmoid_focal_loss` is equal where targets
    are 0 or 1.
    """

    def __init__(
        self, alpha: float | None = 0.25, gamma: float = 2.0, *, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.alpha = alpha if alpha is None else within(self.name, "alpha", alpha, 0, 1)
        self.gamma = at_least(self.name, "gamma", gamma, 0)

    def forward(self, logits: Any, targets: Any) -> Tensor:
        logits, targets = alike(self.name, logits, targets)
        ones, zeros = (1.0, 1.0) if self.alpha is None else (self.alpha, 1 - self.alpha)
        of_ones = multiply(targets, focal(logits, self.gamma))
        of_zeros = multiply(subtract(1.0, targets), focal(negative(logits), self.gamma))
        return self.reduced(add(multiply(of_ones, ones), multiply(of_zeros, zeros)))

    def settings(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "gamma": self.gamma}
