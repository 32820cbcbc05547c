"""Shares: numbers of each sample that sum to 1 over the modalities that it has."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops import elementwise, softmax
from ...kernels.device import to_device
from ..presence import Presence


def shares(logits: Tensor, here: Presence) -> Tensor:
    """softmax over the modalities, as if those that a sample lacks were not there.

    A sample that has none gets shares of all of them, which are finite: its features are 0.
    Shapes: logits (B, M) or (B, M, D), or (1, M) for all samples -> (B, M), (B, M, D), or
    (1, M) where nobody misses anything.
    """
    if here.is_whole:
        return softmax.softmax(logits, axis=1)
    table = np.stack([here[name] for name in here.names], axis=1)
    table = table | ~table.any(axis=1, keepdims=True)
    mask = to_device(table.reshape(table.shape + (1,) * (len(logits.shape) - 2)), logits.device)
    return softmax.softmax(elementwise.where(mask, logits, -np.inf), axis=1)


def or_neutral(mask: np.ndarray, factor: Tensor, neutral: Any) -> Tensor:
    """A factor of a product, and the neutral element where a sample has none.

    Shapes: mask (B,), factor (B, ...), neutral a number, or as the factor -> (B, ...).
    """
    if mask.all():
        return factor
    column = to_device(mask.reshape(mask.shape + (1,) * (len(factor.shape) - 1)), factor.device)
    return elementwise.where(column, factor, neutral)
