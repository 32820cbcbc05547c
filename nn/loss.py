"""Losses as layers: what the network said and what was true, to one number."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor
from ..engine.ops import softmax
from ..engine.ops.shaping import as_array
from ..kernels import ShapeError
from .module import Module


class CrossEntropyLoss(Module):
    """-log softmax(logits)[label], averaged ("mean"), summed ("sum") or one a row ("none").

    Shapes: logits (B, C), labels (B,) integers -> () or (B,). Units: nats.
    """

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, logits: Any, labels: Any) -> Tensor:
        return softmax.cross_entropy(logits, labels, self.reduction)


class MSELoss(Module):
    """The mean of (prediction - target)^2 over all elements. Shapes: two alike -> ()."""

    def forward(self, prediction: Any, target: Any) -> Tensor:
        target = as_array(target)
        if prediction.shape != target.shape:  # broadcasting here hides a mistake
            raise ShapeError(
                "MSELoss",
                f"a target of shape {prediction.shape}",
                str(target.shape),
                "reshape one of them",
            )
        error = prediction - target
        return (error * error).mean()
