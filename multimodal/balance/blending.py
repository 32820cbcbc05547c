"""Gradient blending: weights for all losses, by how well each generalises and overfits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ...nn.loss.checks import above, at_least
from ..decision_net import FUSED
from ..network import Inputs, Multimodal
from ..presence import Present
from .method import Criterion, Step, added
from .voices import Voiced

Losses = Mapping[str, tuple[float, float]]  # (training, validation), by modality and "fused"
FLOOR = 1e-2  # nats: the least |O| that is told from 0


class GradientBlending(Voiced):
    """w_F L + sum_m w_m L_m, the weights adding up to 1.

    w_k is proportional to G_k / O_k^2 (see `weights_from`), estimated by `update` from the
    losses at two checkpoints, as often as you like; until then, without `weights`, all are
    equal. They are part of the state.
    Backward: each loss passes back its own residual, times its weight: f_m gets w_F g_m from
    the fusion and w_m dL_m/df_m from its head.
    One forward (M more with logits="absent") and one backward. L_m is over the rows that have
    m; where no row has it, the others keep their weights.
    weights: by modality and, for the fused loss, "fused"; they are scaled to add up to 1.
    Raises: OptionError for weights below 0, all 0, or of other names, and for a branch named
    "fused"; else as for `Voiced`.
    Source: Wang et al. 2020, "What makes training multi-modal classification networks hard?".
    """

    choices = ("heads", "absent")

    def __init__(
        self,
        weights: Mapping[str, float] | None = None,
        logits: str | None = None,
        criterion: Criterion = cross_entropy,
    ) -> None:
        super().__init__(logits, criterion)
        if weights is not None:
            self.set_weights(weights)

    @property
    def weights(self) -> dict[str, float]:
        """The weights by name; empty as long as all are equal."""
        return {n.removeprefix("weight."): float(self.recall(n, 0)) for n in self.memory}

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """Blend by these from now on, scaled to add up to 1."""
        for name, w in weights.items():
            at_least("GradientBlending", f"weights[{name!r}]", w, 0)
        total = above("GradientBlending", "the sum of weights", sum(weights.values()))
        self.memory = {}
        self.remember({f"weight.{name}": w / total for name, w in weights.items()})

    def update(self, before: Losses, after: Losses) -> dict[str, float]:
        """Estimate the weights anew from the losses at two checkpoints; gives them."""
        self.set_weights(weights_from([before, after]))
        return self.weights

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        weight = self._weights([*network.branches, FUSED])
        features, out = self.parted_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        source, voices = self.hear(network, features, out, present, learn=True)
        losses = self.unimodal_losses(out, target, voices)
        parts = {FUSED: loss, **losses}
        self.backward_pass(added([weight[name] * x for name, x in parts.items()]))
        return Step(loss, out, losses, weight, source)

    def _weights(self, names: list[str]) -> dict[str, float]:
        where, weights = (
            "GradientBlending",
            self.weights or dict.fromkeys(names, 1 / len(names)),
        )
        if FUSED in names[:-1]:
            raise OptionError(where, "branches of other names", FUSED, "rename that branch")
        if weights.keys() != set(names):
            repair = "give one weight for each, and one for 'fused'"
            raise OptionError(where, f"weights of {names}", str(list(weights)), repair)
        return weights


def weights_from(history: Sequence[Losses], floor: float = FLOOR) -> dict[str, float]:
    """w_k proportional to G_k / O_k^2, adding up to 1, from the first and last of a history.

    G_k = L_val before - L_val after, the DECREASE of the validation loss: what was gained.
    O_k = (L_val - L_train) after - (L_val - L_train) before, the growth of the gap: what of it
    was only learned by heart.
    A voice with G_k <= 0 gained nothing and gets 0; where nobody gained, all are equal. |O_k|
    counts as at least `floor`, so that a gap that did not move makes no weight infinite.
    Units: nats. history: losses (training, validation) by modality and "fused".
    Raises: OptionError for fewer than two entries, for entries of different or no names, or
    a floor that is not above 0.

    >>> before = {"a": (2.0, 2.0), "fused": (2.0, 2.0)}
    >>> after = {"a": (1.5, 1.75), "fused": (0.5, 1.5)}
    >>> weights_from([before, after])
    {'a': 0.8888888888888888, 'fused': 0.1111111111111111}
    """
    above("weights_from", "floor", floor)
    if len(history) < 2 or not history[0] or history[0].keys() != history[-1].keys():
        got = str([list(losses) for losses in history])
        repair = "record all losses before and after"
        raise OptionError("weights_from", "two entries of the same names", got, repair)
    shares = {name: _share(history[0][name], history[-1][name], floor) for name in history[0]}
    total = sum(shares.values())
    if not total:
        return dict.fromkeys(shares, 1 / len(shares))
    return {name: share / total for name, share in shares.items()}


def _share(before: tuple[float, float], after: tuple[float, float], floor: float) -> float:
    """G / O^2."""
    gain = before[1] - after[1]
    gap = max(abs((after[1] - after[0]) - (before[1] - before[0])), floor)
    return max(gain, 0.0) / gap**2
