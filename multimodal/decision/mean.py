"""Means of what the modalities say, sample by sample over those that are there."""

from __future__ import annotations

from ...engine import Tensor
from ..presence import Presence
from .decision import Decision


class MeanLogits(Decision):
    """z = the mean of z_m over the modalities present; 0 where none is.

    Backward: with cross-entropy dL/dz_m = (softmax(z) - y) / (M B): equal shares.
    Shapes: z_m (B, C) -> (B, C).
    """

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        first, *rest = features.values()
        for z in rest:
            first = first + z
        return first / here.count(first)
