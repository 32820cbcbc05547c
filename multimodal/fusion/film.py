"""FiLM: one modality, element by element stretched and shifted by all the others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops.shaping import concat
from ...nn import Linear
from ..presence import Presence
from .fusion import Fusion


class FiLM(Fusion):
    """F = gamma * y + beta of the first modality y = f_1, where gamma = 1 + x W_g^T + b_g and
    beta = x W_b^T + b_b come from the others, x = [f_2 .. f_M]. One modality alone is F = f_1.

    Backward: g_1 = delta * gamma, and x receives (delta * y) W_g + delta W_b: each side's
    gradient is scaled by the other side.
    Shapes: f_m (B, d_m) -> F (B, d_1). What is missing is 0: without y, F = beta; without x,
    gamma and beta are what their biases say. W and b are drawn as Linear draws.
    Differs: gamma is 1 + a Linear, so that it starts near 1 and y passes at first; in the paper
    it modulates the maps of a network, layer by layer.
    Source: Perez et al. 2018, eq. 1-2.
    """

    gamma: Linear | None
    beta: Linear | None

    def __init__(self, widths: Mapping[str, int], *, rng: np.random.Generator) -> None:
        super().__init__(widths)
        others = sum(self.widths.values()) - self.width
        alone = len(self.widths) == 1
        self.gamma = None if alone else Linear(others, self.width, rng=rng)
        self.beta = None if alone else Linear(others, self.width, rng=rng)

    @property
    def width(self) -> int:
        return next(iter(self.widths.values()))

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        y, *others = features.values()
        if self.gamma is None or self.beta is None:
            return y
        x = concat(others, axis=1)
        return (1 + self.gamma(x)) * y + self.beta(x)
