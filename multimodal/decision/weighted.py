"""Weights that are learned: how much each modality's vote counts."""

from __future__ import annotations

from collections.abc import Sequence

from ...engine import Tensor
from ...engine.ops.shaping import reshape
from ...nn import Parameter, init
from ..fusion.shares import shares
from ..presence import Presence
from .decision import Decision


class WeightedLogits(Decision):
    """z = sum w_m z_m over the modalities present, with learned weights w, 1 at first.

    Backward: dL/dz_m = w_m delta; dL/dw_m = <delta, z_m>, summed over the batch.
    Shapes: z_m (B, C) -> (B, C); w, `weight`, (M,) in the order of the names.
    """

    weight: Parameter

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self.weight = Parameter(init.ones((len(self.widths),)), "weight")

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        return _weighted(features, reshape(self.weight, (1, -1)))


class AverageLogits(Decision):
    """z = sum w_m z_m with w = softmax(a) over the modalities present, a learned, 0 at first.

    Weights sum to 1 for every sample, whatever is missing.

    Backward: dL/dz_m = w_m delta; with c_m = <delta, z_m> of a sample, dL/da_m = w_m (c_m -
    sum_j w_j c_j), summed over the batch; the sum of dL/da_m over m is 0.
    Shapes: z_m (B, C) -> (B, C), 0 where none is present; a, `weight`, (M,) in the order of
    the names.
    """

    weight: Parameter

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self.weight = Parameter(init.zeros((len(self.widths),)), "weight")

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        return _weighted(features, shares(reshape(self.weight, (1, -1)), here))


def _weighted(logits: dict[str, Tensor], weights: Tensor) -> Tensor:
    """sum w_m z_m. Shapes: weights (B, M), or (1, M) for all samples."""
    first, *rest = (weights[:, m : m + 1] * z for m, z in enumerate(logits.values()))
    for term in rest:
        first = first + term
    return first
