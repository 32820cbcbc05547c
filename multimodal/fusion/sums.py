"""Sums of features: plain, weighted, and averages."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine import Tensor
from ..presence import Presence
from .fusion import Fusion


class Sum(Fusion):
    """F = f_1 + .. + f_M; all widths equal.

    Backward: g_m = delta for every m: the error cannot tell the branches apart.
    Shapes: f_m (B, d) -> F (B, d).
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
