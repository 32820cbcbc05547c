"""What losses of class labels share: rows of scores, weights of classes, labels left out."""

from __future__ import annotations

import math
from typing import Any

from ...engine import Tensor
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import divide
from ...engine.ops.indexing import INDEX_ADD, pick
from ...engine.ops.picking import take
from ...engine.ops.rearrange import moveaxis
from ...engine.ops.shaping import astype, reshape
from ...engine.tape import apply
from ...kernels import OptionError, ShapeError
from ...kernels.rows import are_labels
from ..applied import floats
from ..parameter import Buffer
from .base import Loss
from .checks import constant, in_range, same_shape, whole


class LabelLoss(Loss):
    """Base of losses of labels: weight[label] times the loss of each row; a row whose label is
    `ignore_index` has loss 0 and gets no gradient.

    "mean" is sum(losses) / sum(weights) over the rows that count, as in PyTorch; where none
    does it is nan, and the gradient 0.
    Shapes: scores (N, C, d...) or (C,), labels (N, d...) or () in [0, C), weight (C,) -> ()
    or, with reduction "none", the shape of the labels.
    Raises: ShapeError, DTypeError, OptionError for scores, labels and weights that are not so.
    """

    weight: Buffer | None

    def __init__(
        self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.weight = constant(weight, "weight")
        self.ignore_index = ignore_index

    def of_rows(self, rows: Any, labels: Any, weights: Any) -> Any:
        """The weighted loss of each row. Shapes: (M, C), (M,), (M,) or a number -> (M,)."""
        raise OptionError(self.name, "a method of_rows", "none", "define one")

    def forward(self, scores: Any, labels: Any) -> Tensor:
        rows, labels, shape = self.laid_out(scores, labels)
        classes, kept = rows.shape[1], None
        if 0 <= self.ignore_index < classes or not are_labels(labels, classes):
            kept = labels != self.ignore_index
            rows, labels = pick(rows, kept), labels[kept]
            in_range(self.name, "labels", labels, 0, classes, "number classes from 0")
        if self.weight is None and self.reduction != "none":
            return self.of_all(rows, labels)
        weights = 1.0 if self.weight is None else take(self.class_weights(rows), labels)
        losses = self.of_rows(rows, labels, weights)  # (M,)
        if self.reduction == "none":
            if kept is not None:
                losses = apply(INDEX_ADD, losses, index=kept, shape=kept.shape)
            return losses if losses.shape == shape else reshape(losses, shape)
        return sum_(losses) if self.reduction == "sum" else divide(sum_(losses), sum_(weights))

    def of_all(self, rows: Any, labels: Any) -> Tensor:
        """The mean or sum of losses that count alike. Shapes: (M, C), (M,) -> ()."""
        return self.reduced(self.of_rows(rows, labels, 1.0))

    def laid_out(self, scores: Any, labels: Any) -> tuple[Any, Any, tuple[int, ...]]:
        """Scores as rows (M, C), labels as a plain vector (M,), and the shape they had."""
        scores, labels = floats(self.name, scores, "scores"), whole(self.name, "labels", labels)
        axis = self.class_axis(scores)
        rows = scores if axis == len(scores.shape) - 1 else moveaxis(scores, axis, -1)
        shape = rows.shape[:-1]
        same_shape(self.name, "labels", labels, shape)
        if len(shape) != 1:
            rows = reshape(rows, (math.prod(shape), rows.shape[-1]))
        return rows, labels.reshape(-1), shape

    def class_axis(self, scores: Any) -> int:
        """The axis that counts classes: the second, or the only one."""
        if not scores.shape:
            repair = "give one score for each class"
            raise ShapeError(self.name, "scores (N, C, ...) or (C,)", "()", repair)
        return min(1, len(scores.shape) - 1)

    def class_weights(self, rows: Any) -> Any:
        """The weight of each class, in the dtype of the scores. Shapes: (M, C) -> (C,)."""
        same_shape(self.name, "a weight", self.weight, rows.shape[-1:])
        return astype(self.weight, rows.dtype)

    def settings(self) -> dict[str, Any]:
        return {"ignore_index": self.ignore_index}
