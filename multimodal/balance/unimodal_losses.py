"""The uni-loss baseline: every modality also answers for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ...nn.loss.checks import at_least
from ..network import Inputs, Multimodal
from ..presence import Present
from .method import Criterion, Step, added
from .voices import Voiced


class UnimodalLosses(Voiced):
    """L + sum_m gamma_m L_m, with L_m the loss of modality m's own logits.

    Backward: to what L gives, f_m gets gamma_m dL_m/df_m added, whose residual p_m - y is m's
    own: it does not vanish when another modality has learned the batch by heart. L_m also
    trains its head, or, with logits="absent", the fusion and the head of the network.
    One forward and one backward; with logits="absent" M forwards more.
    weight: gamma_m >= 0, one for all or by modality; a name that is not there counts 1.
    Units: L_m in nats, the mean over the rows that have m; one that no row has adds 0.
    Raises: OptionError for a weight below 0; else as for `Voiced`.
    Source: the uni-modal loss baseline of Wang et al. 2020 and Wei & Hu 2024.
    """

    choices = ("heads", "absent")

    def __init__(
        self,
        weight: float | Mapping[str, float] = 1.0,
        logits: str | None = None,
        criterion: Criterion = cross_entropy,
    ) -> None:
        super().__init__(logits, criterion)
        by_name = isinstance(weight, Mapping)
        for value in weight.values() if isinstance(weight, Mapping) else [weight]:
            at_least("UnimodalLosses", "weight", value, 0)
        self.weight: Any = dict(weight) if by_name else weight  # type: ignore[arg-type]

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        weight = self._weights(list(network.branches))
        features, out = self.parted_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        source, voices = self.hear(network, features, out, present, learn=True)
        losses = self.unimodal_losses(out, target, voices)
        self.backward_pass(added([loss, *(weight[n] * x for n, x in losses.items())]))
        return Step(loss, out, losses, weight, source)

    def _weights(self, names: list[str]) -> dict[str, float]:
        if not isinstance(self.weight, Mapping):
            return dict.fromkeys(names, self.weight)
        if unknown := sorted(self.weight.keys() - set(names), key=str):
            expected, repair = f"weights of {names}", "name each by its branch"
            raise OptionError("UnimodalLosses", expected, str(unknown), repair)
        return {name: self.weight.get(name, 1.0) for name in names}
