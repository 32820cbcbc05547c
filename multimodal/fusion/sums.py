"""Sums of features: plain, weighted, and averages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops.shaping import reshape
from ...nn import Linear, Parameter, init
from ..presence import Presence
from .fusion import Fusion
from .shares import shares


class Sum(Fusion):
    """F = f_1 + .. + f_M; all widths equal.

    Backward: g_m = delta for every m: the error cannot tell the branches apart.
    Shapes: f_m (B, d) -> F (B, d).
    Raises: ShapeError for widths that differ.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__(widths)
        self.demand_equal_widths()

    @property
    def width(self) -> int:
        return next(iter(self.widths.values()))

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        first, *rest = features.values()
        for feature in rest:
            first = first + feature
        return first


class WeightedSum(Sum):
    """F = sum w_m f_m with one learned number w_m for each modality, 1 at the start.

    Backward: g_m = w_m delta; dL/dw_m = <delta, f_m>. A branch whose weight has fallen to 0
    learns no more, though its weight still does.
    Shapes: f_m (B, d), weight (M,) -> F (B, d).
    Raises: ShapeError for widths that differ.
    Differs: the weights are free; nothing keeps them positive, or their sum at 1.
    """

    weight: Parameter

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__(widths)
        self.weight = Parameter(init.ones((len(self.widths),)), "weight")

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        return super().meet(scaled(features, self.weights(features, here)), here)

    def weights(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        """w. Shapes: (B, M), or (1, M) where all samples have the same."""
        return reshape(self.weight, (1, len(self.widths)))


class WeightedAverage(WeightedSum):
    """F = sum w_m f_m with w = softmax(a) over the modalities that a sample has; a = 0 at the
    start, which is the mean of them.

    Backward: g_m = w_m delta; with c_m = <delta, f_m> summed over the batch, dL/da_m =
    w_m (c_m - sum_j w_j c_j), and these sum to 0: what one branch gains the others lose.
    Shapes: f_m (B, d), a (M,), named `weight` -> F (B, d); 0 for a sample that has none.
    Raises: ShapeError for widths that differ.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__(widths)
        self.weight.assign_(init.zeros((len(self.widths),)))

    def weights(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        return shares(super().weights(features, here), here)


class ScoredAverage(Sum):
    """F = sum w_m f_m with w = softmax([f_1 .. f_M] W^T + b), for each sample anew.

    Backward: a value path w_m delta, and a score path: c_m = <delta, f_m> of the sample gives
    e_m = w_m (c_m - sum_j w_j c_j), of which e W reaches all branches.
    Shapes: f_m (B, d), W (M, M d) -> F (B, d). Missing modalities have no share, and are 0 in
    what is scored; a sample that has none is 0. W and b are drawn as Linear draws.
    Raises: ShapeError for widths that differ.
    Differs: attention fusions elsewhere first bring all parts to one width; here they have it.
    """

    score: Linear

    def __init__(self, widths: Mapping[str, int], *, rng: np.random.Generator) -> None:
        super().__init__(widths)
        self.score = Linear(sum(self.widths.values()), len(self.widths), rng=rng)

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        return super().meet(scaled(features, self.weights(features, here)), here)

    def weights(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        """w, which sum to 1 over the modalities that a sample has. Shapes: (B, M)."""
        return shares(self.score(self.joined(features)), here)


def scaled(features: dict[str, Tensor], weights: Tensor) -> dict[str, Tensor]:
    """w_m f_m. Shapes: weights (B, M) or (1, M), f_m (B, d) -> each (B, d)."""
    return {name: weights[:, m : m + 1] * f for m, (name, f) in enumerate(features.items())}
