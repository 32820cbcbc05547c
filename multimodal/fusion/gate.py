"""Gates: every element of F is let through by a number that all modalities decide."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...nn import Linear
from ..presence import Presence
from .fusion import Fusion


class Gate(Fusion):
    """F = s * u with u = [f_1 .. f_M] and s = sigmoid(u W_g^T + b).

    Backward: a value path delta * s, and a gate path (delta * u * s * (1 - s)) W_g, added. W_g
    and b are drawn as Linear draws.
    Shapes: f_m (B, d_m) -> F (B, sum d_m).
    Source: Arevalo et al. 2017 and Kiela et al. 2018, with one gate for all parts.
    """

    gate: Linear

    def __init__(self, widths: Mapping[str, int], *, rng: np.random.Generator) -> None:
        super().__init__(widths)
        self.gate = Linear(self.width, self.width, rng=rng)

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        u = self.joined(features)
        return self.gate(u).sigmoid() * u
