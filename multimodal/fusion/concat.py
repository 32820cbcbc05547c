"""Concatenation: every branch keeps its own place in F."""

from __future__ import annotations

from ...engine import Tensor
from ..presence import Presence
from .fusion import Fusion


class Concat(Fusion):
    """F = [f_1 .. f_M].

    Backward: g_m is the slice of delta that belongs to m, so that |delta|^2 = sum |g_m|^2.
    Shapes: f_m (B, d_m) -> F (B, sum d_m).
    """

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        return self.joined(features)
