"""Precision, recall and their mean, of one class or over classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import OptionError
from .counting import counts_of
from .given import demand_two

AVERAGES = ("binary", "macro", "micro", "weighted", "none")


def precision(predicted: Any, labels: Any, average: str = "binary") -> Any:
    """Of what was taken for a class, the share that is of it: tp / (tp + fp).

    average: "binary" for class 1 of classes 0 and 1; "macro", the mean over classes that occur
    in predictions or labels; "weighted", the same weighted by how often each is true; "micro",
    of all counts together; "none", one number a class. A share of nothing is 0.
    Raises: OptionError for another average, or for "binary" of more classes than two.

    >>> precision([1, 1, 0, 1], [1, 0, 0, 1])
    0.6666666666666666
    """
    return _averaged("precision", predicted, labels, average)


def recall(predicted: Any, labels: Any, average: str = "binary") -> Any:
    """Of what is of a class, the share that was taken for it: tp / (tp + fn). Averages and
    errors as in `precision`.

    >>> recall([1, 1, 0, 1], [1, 0, 0, 1])
    1.0
    """
    return _averaged("recall", predicted, labels, average)


def f1(predicted: Any, labels: Any, average: str = "binary") -> Any:
    """The harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn). Averages and errors
    as in `precision`.

    >>> f1([1, 1, 0, 1], [1, 0, 0, 1])
    0.8
    """
    return _averaged("f1", predicted, labels, average)


def _averaged(name: str, predicted: Any, labels: Any, average: str) -> Any:
    """A share of the counts of every class, or of all together, averaged as asked."""
    if average not in AVERAGES:
        expected = f"average in {', '.join(AVERAGES)}"
        raise OptionError(name, expected, repr(average), "choose one of these")
    counts = counts_of(name, predicted, labels)
    true, taken, hits = counts.sum(1), counts.sum(0), np.diag(counts)
    if average == "binary":
        demand_two(name, np.flatnonzero(true + taken), "choose macro, micro or weighted")
        one = [np.append(x, 0)[1] for x in (true, taken, hits)]  # class 1 need not occur
        return float(_share(name, *one))
    if average == "micro":
        return float(_share(name, true.sum(), taken.sum(), hits.sum()))
    shares = _share(name, true, taken, hits)
    if average == "none":
        return shares
    weights = true if average == "weighted" else true + taken > 0
    return float(np.average(shares, weights=weights))


def _share(name: str, true: Any, taken: Any, hits: Any) -> Any:
    """The share that `name` means; 0 where it is one of nothing."""
    above = 2 * hits if name == "f1" else hits
    below = {"precision": taken, "recall": true, "f1": true + taken}[name]
    return np.where(below > 0, above / np.maximum(below, 1), 0.0)
