"""How well scores put the classes in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import DTypeError, OptionError, ShapeError
from .given import demand_scores, demand_two, host, true_classes


def roc_auc(scores: Any, labels: Any) -> float:
    """The probability that a random positive scores above a random negative, ties counting
    half: (R - p (p + 1) / 2) / (p n), where R is the sum of the positives' ranks. Of scores
    (N, C), the mean over classes of each against the rest.

    Shapes: scores (N,) and labels 0 and 1, or (N, C) and labels 0 .. C - 1. Raises: OptionError
    where a class has no positives or no negatives, or a score is nan.
    Source: Mann & Whitney 1947; Hanley & McNeil 1982.

    >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    """
    scores, truth = host(scores), true_classes("roc_auc", labels)
    if truth.ndim != 1 or scores.shape[:1] != truth.shape or scores.ndim not in (1, 2):
        got = f"{scores.shape} and {truth.shape}"
        expected = "scores (N,) or (N, C), and labels (N,)"
        raise ShapeError("roc_auc", expected, got, "reshape one of them")
    if scores.dtype.kind not in "fiub":
        repair = "give one for each row"
        raise DTypeError("roc_auc", "scores that are numbers", str(scores.dtype), repair)
    if np.isnan(scores).any():
        raise OptionError("roc_auc", "scores in an order", "nan", "see how they are made")
    if scores.ndim == 1:
        demand_two("roc_auc", truth, "give scores (N, C) for more")
        return _auc(scores, truth == 1, 1)
    demand_scores("roc_auc", scores, truth)
    return float(np.mean([_auc(s, truth == c, c) for c, s in enumerate(scores.T)]))


def _auc(scores: np.ndarray, positive: np.ndarray, label: int) -> float:
    p = int(positive.sum())
    n = positive.size - p
    if not p * n:
        got = f"{p} of class {label} and {n} others"
        repair = "an area needs both: take more rows"
        raise OptionError("roc_auc", "at least one of each", got, repair)
    _, group, size = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(size) - (size - 1) / 2  # of equals, the mean of their ranks
    return float((ranks[group][positive].sum() - p * (p + 1) / 2) / (p * n))
