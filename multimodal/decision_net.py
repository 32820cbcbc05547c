"""Networks whose branches meet as decisions, and hybrids of both levels."""

from __future__ import annotations

from collections.abc import Mapping

from ..kernels import OptionError
from ..nn import Module
from .decision import Decision, MeanLogits
from .fusion import Fusion
from .network import Features, Multimodal, Outputs, demand_same_names
from .presence import Present

FUSED = "fused"  # the name of the fused voice in the decision of a hybrid


class DecisionFusionNet(Multimodal):
    """logits = decision({m: heads[m](branch_m(x_m))}), the mean of logits by default.

    Shapes: branch_m gives (B, d_m); heads[m] (B, d_m) -> (B, C). What meets, and what
    `on_features` is told, are the logits of the heads.
    """

    def __init__(
        self,
        branches: Mapping[str, Module],
        heads: Mapping[str, Module],
        decision: Decision | None = None,
    ) -> None:
        super().__init__(branches, heads)
        names, where = list(self.branches), type(self).__name__
        demand_same_names(where, "a head for", list(heads), names)
        self.decision = MeanLogits(names) if decision is None else decision
        demand_same_names(where, "a decision of", self.decision.names, names)

    def meet(self, features: Features, present: Present | None = None) -> Outputs:
        here = self.presence(features, present)
        logits = self.unimodal(features, here)
        self.tell(logits)
        masks = {name: here[name] for name in here.masks}  # a token mask is no vote's
        return Outputs(self.decision(logits, masks), logits, dict(logits), None, here)


class HybridFusionNet(Multimodal):
    """logits = decision({m: heads[m](f_m), "fused": head(fusion(f))}): both levels vote.

    Backward: f_m gets what its own head passes back, and its split of what the fusion does.
    Shapes: as in FeatureFusionNet; every branch has a head. decision is of the modalities and
    "fused"; by default the mean of logits. A missing modality has no vote of its own; the fused
    one counts always, so that a sample that has none is decided by it alone.
    """

    def __init__(
        self,
        branches: Mapping[str, Module],
        fusion: Fusion,
        head: Module,
        heads: Mapping[str, Module],
        decision: Decision | None = None,
    ) -> None:
        super().__init__(branches, heads)
        names, where = list(self.branches), type(self).__name__
        if FUSED in names:
            raise OptionError(where, "branches of other names", FUSED, "rename that branch")
        demand_same_names(where, "a fusion of", list(fusion.widths), names)
        demand_same_names(where, "a head for", list(heads), names)
        self.fusion, self.head = fusion, head
        self.decision = MeanLogits([*names, FUSED]) if decision is None else decision
        demand_same_names(where, "a decision of", self.decision.names, [*names, FUSED])

    def meet(self, features: Features, present: Present | None = None) -> Outputs:
        features, here = dict(features), self.presence(features, present)
        self.tell(features)
        fused = self.fusion(features, present)
        unimodal = self.unimodal(features, here)
        votes = {**unimodal, FUSED: self.head(fused)}
        masks = {name: here[name] for name in here.masks}  # a token mask is no vote's
        logits = self.decision(votes, masks)
        return Outputs(logits, features, unimodal, fused, here)
