"""Networks whose branches meet as features, and those without branches before it."""

from __future__ import annotations

from collections.abc import Mapping

from ..nn import Flatten, Module
from .fusion import Concat, Fusion
from .network import Features, Multimodal, Outputs, demand_same_names
from .presence import Present


class FeatureFusionNet(Multimodal):
    """logits = head(fusion({m: branch_m(x_m)})), with optional heads on single branches.

    Shapes: branch_m gives (B, d_m), or tokens (B, T, d_m) where the fusion takes them; head
    takes (B, fusion.width) -> (B, C); heads[m] (B, d_m) -> (B, C).
    """

    def __init__(
        self,
        branches: Mapping[str, Module],
        fusion: Fusion,
        head: Module,
        heads: Mapping[str, Module] | None = None,
    ) -> None:
        super().__init__(branches, heads)
        names, where = list(fusion.widths), type(self).__name__
        demand_same_names(where, "a fusion of", names, list(self.branches))
        self.fusion, self.head = fusion, head

    def meet(self, features: Features, present: Present | None = None) -> Outputs:
        features, here = dict(features), self.presence(features, present)
        self.tell(features)
        fused = self.fusion(features, present)
        unimodal = self.unimodal(features, here)
        return Outputs(self.head(fused), features, unimodal, fused, here)


class EarlyFusionNet(FeatureFusionNet):
    """logits = trunk([x_1 .. x_M]): inputs are joined before anything is learned.

    Backward: one trunk; what flows back to x_m is its slice.
    Shapes: x_m (B, ...), flattened -> (B, d_m); trunk takes (B, sum d_m) -> (B, C). `branches`
    may be given where an input is no array yet, as bags of words are none.
    Source: Atrey et al. 2010.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        trunk: Module,
        branches: Mapping[str, Module] | None = None,
    ) -> None:
        plain = {name: Flatten() for name in widths}
        super().__init__({**plain, **(branches or {})}, Concat(widths), trunk)
