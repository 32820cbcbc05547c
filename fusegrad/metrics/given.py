"""What metrics are given, as arrays on the host, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.ops.shaping import as_array, data_of
from ..kernels import DTypeError, OptionError, ShapeError
from ..kernels.device import to_device


def both_classes(where: str, predicted: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true classes, of one shape."""
    found, truth = host(predicted), true_classes(where, labels)
    if found.ndim == truth.ndim + 1:
        demand_scores(where, found, truth)
        return np.argmax(found, axis=-1), truth
    if found.shape != truth.shape:
        got = f"{found.shape} and {truth.shape}"
        expected = "classes (...) or scores (..., C), and labels (...)"
        raise ShapeError(where, expected, got, "reshape one of them")
    return _integers(where, "predicted classes", found), truth


def true_classes(where: str, labels: Any) -> np.ndarray:
    """Labels as integers from 0. Raises: ShapeError for none."""
    truth = host(labels)
    if not truth.size:
        raise ShapeError(where, "at least one label", f"shape {truth.shape}", "see the batch")
    return _integers(where, "labels", truth)


def _integers(where: str, what: str, x: np.ndarray) -> np.ndarray:
    if x.dtype.kind not in "iub":
        repair = "convert with astype(int), or give scores (..., C)"
        raise DTypeError(where, f"{what} as integers", str(x.dtype), repair)
    if x.size and x.min() < 0:
        raise OptionError(where, f"{what} from 0 up", str(x.min()), "number classes from 0")
    return x.astype(np.int64)


def demand_scores(where: str, scores: np.ndarray, truth: np.ndarray) -> None:
    """A score for every class of every label. Raises: ShapeError, OptionError."""
    if scores.ndim != truth.ndim + 1 or scores.shape[:-1] != truth.shape:
        got = f"{scores.shape} and {truth.shape}"
        expected = "scores (..., C) and labels (...)"
        raise ShapeError(where, expected, got, "reshape one of them")
    if truth.max() >= scores.shape[-1]:
        expected, got = f"labels in [0, {scores.shape[-1]})", str(truth.max())
        raise OptionError(where, expected, got, "give a score for every class")


def demand_two(where: str, found: np.ndarray, repair: str) -> None:
    """Classes 0 and 1 alone. Raises: OptionError."""
    if found.max() > 1:
        raise OptionError(where, "classes 0 and 1", f"class {found.max()}", repair)


def host(x: Any) -> np.ndarray:
    """The values of an array, a Tensor or a list, on the host."""
    try:
        array = np.asarray(to_device(data_of(as_array(x)), "cpu"))
    except ValueError as error:
        raise ShapeError("metrics", "rows of one length", "others", "pad them") from error
    return array
