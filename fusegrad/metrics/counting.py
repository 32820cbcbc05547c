"""Predictions that are right, and which class was taken for which."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.ops.sorting import topk
from ..kernels import OptionError
from .given import both_classes, demand_scores, host, true_classes


def accuracy(predicted: Any, labels: Any) -> float:
    """The share of predictions that are right.

    >>> accuracy([[0.1, 2.0], [3.0, 0.0]], [1, 1])
    0.5
    """
    found, truth = both_classes("accuracy", predicted, labels)
    return float(np.mean(found == truth))


def top_k_accuracy(scores: Any, labels: Any, k: int = 5) -> float:
    """The share of rows whose true class is among the k largest scores; of equal scores the
    first classes count. Shapes: (..., C), (...) -> (). Raises: OptionError for k outside 1..C.

    >>> top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k=2)
    0.5
    """
    where = "top_k_accuracy"
    scores, truth = host(scores), true_classes(where, labels)
    demand_scores(where, scores, truth)
    classes = scores.shape[-1]
    if not (isinstance(k, (int, np.integer)) and 1 <= k <= classes):
        raise OptionError(where, f"k in 1 .. {classes}", f"k={k!r}", "see the classes")
    best = np.asarray(topk(scores, int(k)).indices)
    return float(np.mean(np.any(best == truth[..., None], axis=-1)))


def confusion_matrix(predicted: Any, labels: Any, classes: int | None = None) -> np.ndarray:
    """counts[i, j]: how many of class i were taken for class j.

    Shapes: (classes, classes) integers; without `classes`, as many as there are scores, or as
    the largest class needs. Raises: OptionError for a class outside them.

    >>> confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2])
    array([[1, 0, 0],
           [0, 1, 0],
           [0, 1, 1]])
    """
    return counts_of("confusion_matrix", predicted, labels, classes)


def counts_of(
    where: str, predicted: Any, labels: Any, classes: int | None = None
) -> np.ndarray:
    """The confusion matrix, for metrics of other names."""
    found, truth = both_classes(where, predicted, labels)
    largest, scores = int(max(found.max(), truth.max())), host(predicted)
    width = scores.shape[-1] if scores.ndim > truth.ndim else largest + 1
    size = width if classes is None else classes
    if not isinstance(size, (int, np.integer)) or largest >= size:
        expected = f"classes, a number from {largest + 1} up"
        raise OptionError(where, expected, f"classes={size!r}", "count them all")
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (truth, found), 1)
    return counts
