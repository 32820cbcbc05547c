"""The sum of what the modalities say."""

from __future__ import annotations

from ...engine import Tensor
from ..presence import Presence
from .decision import Decision


class SumLogits(Decision):
    """z = z_1 + .. + z_M, over the modalities present.

    Backward: with cross-entropy dL/dz_m = (softmax(z) - y) / B for every m: one residual for
    all, so that a modality which already explains a row leaves nothing of it to the others.
    With linear heads this is Concat with one linear head.
    Shapes: z_m (B, C) -> (B, C).
    """

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        first, *rest = features.values()
        for z in rest:
            first = first + z
        return first
