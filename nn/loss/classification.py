"""Losses of class labels, in nats. Shapes, weights, errors and labels left out: `LabelLoss`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import add, multiply, negative, subtract, where
from ...engine.ops.indexing import getitem
from ...engine.ops.losses import focal
from ...engine.ops.rearrange import moveaxis
from ...engine.ops.reductions import logsumexp, mean
from ...engine.ops.shaping import as_array, data_of
from ...engine.ops.softmax import CROSS_ENTROPY, log_softmax
from ...engine.tape import apply
from ...kernels import DTypeError, OptionError
from ...kernels.gather import one_hot
from ..applied import floats
from .checks import at_least, within
from .labels import LabelLoss


def of_labels(rows: Any, labels: Any) -> Any:
    """Each row's number at its label. Shapes: (M, C), (M,) -> (M,)."""
    return getitem(rows, (np.arange(len(labels)), labels))


class NLLLoss(LabelLoss):
    """-weight[label] log p[label], where the scores are log-probabilities."""

    def of_rows(self, rows: Any, labels: Any, weights: Any) -> Any:
        return negative(multiply(of_labels(rows, labels), weights))


class CrossEntropyLoss(LabelLoss):
    """-weight[label] log softmax(logits)[label]; of probabilities p in place of a label,
    -sum_c weight[c] p[c] log softmax(logits)[c].

    Label smoothing moves that share of a label's probability to all classes evenly: p is then
    (1 - label_smoothing) onehot(label) + label_smoothing / C. Targets of floats and of the
    shape of the logits are probabilities; their "mean" is over rows, without the weights.
    Source: Szegedy et al. 2016, "Rethinking the Inception Architecture", sec. 7 (smoothing).
    Raises: OptionError for an ignore_index beside probabilities, where it would be a class.
    """

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, ignore_index=ignore_index, reduction=reduction)
        self.label_smoothing = within(self.name, "label_smoothing", label_smoothing, 0, 1)

    def forward(self, scores: Any, labels: Any) -> Tensor:
        labels = as_array(labels)
        if labels.dtype.kind == "f":
            return self.of_probabilities(floats(self.name, scores, "scores"), labels)
        return super().forward(scores, labels)

    def of_all(self, rows: Any, labels: Any) -> Tensor:
        if self.label_smoothing:
            return super().of_all(rows, labels)
        return apply(CROSS_ENTROPY, rows, labels, reduction=self.reduction)

    def of_rows(self, rows: Any, labels: Any, weights: Any) -> Any:
        losses = multiply(apply(CROSS_ENTROPY, rows, labels, reduction="none"), weights)
        if not self.label_smoothing:
            return losses
        even, s = negative(mean(self.weighted_log(rows), -1)), self.label_smoothing
        return add(multiply(losses, 1 - s), multiply(even, s))

    def of_probabilities(self, logits: Any, p: Any) -> Tensor:
        """The loss where a target is a distribution. Shapes: (N, C, d...) twice."""
        if p.shape != logits.shape:
            rule = f"integer labels, or probabilities of shape {logits.shape}"
            got, repair = f"{p.dtype} of shape {p.shape}", "convert labels with astype(int)"
            raise DTypeError(self.name, rule, got, repair)
        if self.ignore_index >= 0:
            got, repair = f"ignore_index={self.ignore_index}", "weight the rows instead"
            raise OptionError(self.name, "labels, of which some are left out", got, repair)
        axis, s = self.class_axis(logits), self.label_smoothing
        rows, p = moveaxis(logits, axis, -1), moveaxis(p, axis, -1)
        even = add(multiply(p, 1 - s), s / rows.shape[-1]) if s else p
        return self.reduced(negative(sum_(multiply(even, self.weighted_log(rows)), -1)))

    def weighted_log(self, rows: Any) -> Any:
        """weight[c] log p[c]. Shapes: (..., C), kept."""
        log_p = log_softmax(rows)
        return log_p if self.weight is None else multiply(log_p, self.class_weights(rows))

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "label_smoothing": self.label_smoothing}


class FocalLoss(LabelLoss):
    """-weight[label] (1 - p)^gamma log(p), where p = softmax(logits)[label]: what is known
    already counts less. With gamma 0 it is CrossEntropyLoss.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", eq. 5, whose alpha is
    `weight`. Differs: the paper divides the sum by the number of boxes that hold an object.
    PyTorch has no such layer.
    """

    def __init__(
        self,
        weight: Any = None,
        gamma: float = 2.0,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, ignore_index=ignore_index, reduction=reduction)
        self.gamma = at_least(self.name, "gamma", gamma, 0)

    def of_rows(self, rows: Any, labels: Any, weights: Any) -> Any:
        log_p, is_label = log_softmax(rows), one_hot(labels, like=data_of(rows))
        others = logsumexp(where(is_label, -math.inf, log_p), -1)  # log(1 - p)
        lead = subtract(of_labels(log_p, labels), others)  # so that p = logistic(lead)
        return multiply(focal(lead, self.gamma), weights)

    def settings(self) -> dict[str, Any]:
        return {"gamma": self.gamma, **super().settings()}
