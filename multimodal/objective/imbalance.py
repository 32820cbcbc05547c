"""Weights of classes that are not equally many: for `nn.CrossEntropyLoss` or `nn.FocalLoss`.

weights = class_balanced_weights(np.bincount(labels, minlength=classes))
criterion = nn.FocalLoss(weights, gamma=2.0)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels import OptionError, ShapeError


def class_balanced_weights(counts: Any, beta: float = 0.999) -> np.ndarray:
    """w_c = (1 - beta) / (1 - beta^(n_c)), then scaled so that they add up to C.

    (1 - beta^n) / (1 - beta) is the effective number of n samples: with beta 0 all weights are
    1, with beta near 1 they go as 1 / n_c. A class without samples weighs 0; the others then
    add up to how many they are.
    Shapes: (C,) whole numbers -> (C,).
    Raises: OptionError, ShapeError for counts or a beta that are not so.
    Source: Cui et al. 2019, section 3.
    """
    counts = _counted("class_balanced_weights", counts)
    if not 0 <= beta < 1:
        where, repair = "class_balanced_weights", "near 1 it goes as 1 / count"
        raise OptionError(where, "beta in [0, 1)", f"{beta}", repair)
    some = counts > 0
    # 1 - beta^n without cancelling where beta is near 1; beta 0 leaves 1.
    effective = -np.expm1(counts[some] * np.log(beta)) if beta else np.ones(int(some.sum()))
    weights = np.zeros(len(counts))
    weights[some] = 1 / effective
    return np.asarray(weights * (some.sum() / weights.sum()))


def inverse_frequency_weights(counts: Any) -> np.ndarray:
    """w_c = N / (C n_c), so that the weighted loss is as if all classes were equally many.

    C counts the classes that have samples, N all samples; a class without any weighs 0.
    Shapes: (C,) whole numbers -> (C,).
    Raises: OptionError, ShapeError for counts that are not so.
    Source: King & Zeng 2001; scikit-learn's class_weight "balanced".
    """
    counts = _counted("inverse_frequency_weights", counts)
    some = counts > 0
    weights = np.zeros(len(counts))
    weights[some] = counts.sum() / (some.sum() * counts[some])
    return weights


def _counted(where: str, counts: Any) -> np.ndarray:
    counts = np.asarray(counts)
    if counts.ndim != 1 or not counts.size:
        repair = "give np.bincount(labels, minlength=C)"
        raise ShapeError(where, "counts (C,)", str(counts.shape), repair)
    if counts.dtype.kind not in "iu" or counts.min() < 0 or not counts.any():
        repair = "give np.bincount(labels, minlength=C)"
        raise OptionError(where, "whole counts, not all 0", f"{counts.tolist()}", repair)
    return counts
