"""Losses of scores that should differ by a margin, and are let be where they do. Units: those
of the scores. The slope at a hinge is 0.

Targets are 1 or -1, or labels of classes, and take no gradient.
Raises: ShapeError where shapes differ, DTypeError for scores that are not of floats or labels
that are not integers, OptionError for targets and labels out of range.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.activations import relu, softplus
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import add, multiply, negative, square, subtract, where
from ...engine.ops.indexing import getitem
from ...engine.ops.picking import take
from ...engine.ops.shaping import astype, data_of, reshape
from ...kernels import OptionError, ShapeError
from ...kernels.gather import one_hot
from ..applied import floats
from ..parameter import Buffer
from .base import Loss
from .checks import alike, constant, in_range, same_shape, signs, whole


class HingeLoss(Loss):
    """max(0, margin - target score), for each element.

    Shapes: scores (...), targets the same -> () or, with reduction "none", the same.
    Source: Cortes & Vapnik 1995, "Support-Vector Networks". Differs: PyTorch has none.
    """

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, scores: Any, targets: Any) -> Tensor:
        scores = floats(self.name, scores, "scores")
        targets = signs(self.name, targets, scores, scores.shape)
        return self.reduced(relu(subtract(self.margin, multiply(targets, scores))))

    def settings(self) -> dict[str, Any]:
        return {"margin": self.margin}


class SoftMarginLoss(Loss):
    """log(1 + exp(-target score)), for each element. Units: nats.

    Shapes: scores (...), targets the same -> () or, with reduction "none", the same.
    """

    def forward(self, scores: Any, targets: Any) -> Tensor:
        scores = floats(self.name, scores, "scores")
        targets = signs(self.name, targets, scores, scores.shape)
        return self.reduced(softplus(multiply(negative(targets), scores)))


class HingeEmbeddingLoss(Loss):
    """x where target = 1, max(0, margin - x) where target = -1; x is a distance.

    Shapes: x (...), targets the same -> () or, with reduction "none", the same.
    Source: Hadsell et al. 2006, "Dimensionality Reduction by Learning an Invariant Mapping",
    without its squares.
    """

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, x: Any, targets: Any) -> Tensor:
        x = floats(self.name, x, "distances")
        targets = signs(self.name, targets, x, x.shape)
        return self.reduced(where(targets == 1, x, relu(subtract(self.margin, x))))

    def settings(self) -> dict[str, Any]:
        return {"margin": self.margin}


class MarginRankingLoss(Loss):
    """max(0, margin - target (x1 - x2)): the first score should be the larger where the target
    is 1, the second where it is -1.

    Shapes: x1, x2 and targets (...) -> () or, with reduction "none", the same.
    """

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, x1: Any, x2: Any, targets: Any) -> Tensor:
        x1, x2 = alike(self.name, x1, x2, ("x1", "x2"))
        targets = signs(self.name, targets, x1, x1.shape)
        return self.reduced(relu(subtract(self.margin, multiply(targets, subtract(x1, x2)))))

    def settings(self) -> dict[str, Any]:
        return {"margin": self.margin}


class MultiMarginLoss(Loss):
    """sum_{c != label} weight[label] max(0, margin - scores[label] + scores[c])^p / C, p = 1
    or 2: the hinge of many classes.

    "mean" is over rows, whatever the weights.
    Shapes: scores (N, C) or (C,), labels (N,) or (), weight (C,) -> () or, with reduction
    "none", the shape of the labels.
    Source: Crammer & Singer 2001, Weston & Watkins 1999 (the sum over classes).
    """

    weight: Buffer | None

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        if p not in (1, 2):
            raise OptionError(self.name, "p in 1, 2", f"{p!r}", "choose one of these")
        self.p, self.margin, self.weight = p, margin, constant(weight, "weight")

    def forward(self, scores: Any, labels: Any) -> Tensor:
        scores, labels = floats(self.name, scores, "scores"), whole(self.name, "labels", labels)
        self.check(scores, labels)
        rows, flat = reshape(scores, (-1, scores.shape[-1])), labels.reshape(-1)
        own = getitem(rows, (np.arange(len(flat))[:, None], flat[:, None]))  # (N, 1)
        short = relu(add(subtract(rows, own), self.margin))  # (N, C)
        short = where(one_hot(flat, like=data_of(rows)), 0.0, short)
        losses = sum_(square(short) if self.p == 2 else short, -1)
        if self.weight is not None:
            losses = multiply(losses, take(astype(self.weight, losses.dtype), flat))
        return self.reduced(reshape(multiply(losses, 1 / scores.shape[-1]), labels.shape))

    def check(self, scores: Any, labels: Any) -> None:
        """Scores, labels and weight belong together."""
        if len(scores.shape) not in (1, 2) or not scores.shape[-1]:
            got, repair = str(scores.shape), "reshape them"
            raise ShapeError(self.name, "scores of shape (N, C) or (C,)", got, repair)
        same_shape(self.name, "labels", labels, scores.shape[:-1])
        in_range(self.name, "labels", labels, 0, scores.shape[-1], "number classes from 0")
        if self.weight is not None:
            same_shape(self.name, "a weight", self.weight, scores.shape[-1:])

    def settings(self) -> dict[str, Any]:
        return {"p": self.p, "margin": self.margin}
