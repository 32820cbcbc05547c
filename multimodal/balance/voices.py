"""What each modality says alone: three ways to logits of its own, and when each is right.

"heads"    the unimodal heads as they are. In networks of decisions and in hybrids they vote, so
           the fused loss trains them. Elsewhere nothing does, unless you do.
"probe"    the heads, trained on detached features by losses that are added to the fused one and
           reach no branch: they say what a linear reader finds in a feature, and change nothing
           but themselves. The heads run once more for that, which is billed as no pass.
"absent"   the network's own logits with all other modalities absent: no heads are needed, and
           each modality costs one forward pass, counted, from the fusion on.

A method that only listens asks in evaluation mode and records nothing, so that no batch norm
moves and no dropout draws; one that learns from what it hears asks in the mode at hand.
Watchers of features are told of neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from ...engine import Tensor
from ...engine.mode import no_grad
from ...engine.ops.elementwise import exp
from ...engine.ops.reductions import mean
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ..decision_net import DecisionFusionNet, HybridFusionNet
from ..network import Multimodal, Outputs
from ..presence import Presence, Present, Tokens
from .method import Criterion, Method, rows_of


class Voiced(Method):
    """Base of methods that hear single modalities, in one of the ways in `choices`.

    Where `logits` is None the first of these holds: heads that vote are asked as they are;
    heads that every branch has are probes, or, in a method that trains them itself, heads; else
    the others are made absent. `Step.logits` says which it was.
    Raises: OptionError for another way, and, in a step, for heads that are not there, or for a
    probe made of heads that vote.
    """

    choices: ClassVar[tuple[str, ...]] = ("heads", "probe", "absent")

    def __init__(self, logits: str | None = None, criterion: Criterion = cross_entropy) -> None:
        super().__init__(criterion)
        if logits is not None and logits not in self.choices:
            expected = f"logits among {', '.join(self.choices)}"
            repair = "leave it out for the one that fits the network"
            raise OptionError(type(self).__name__, expected, repr(logits), repair)
        self.logits = logits

    def source(self, network: Multimodal) -> str:
        """The way that holds for a network."""
        missing = [name for name in network.branches if name not in network.heads]
        votes = isinstance(network, (DecisionFusionNet, HybridFusionNet))
        if self.logits is None:
            listen = "probe" if "probe" in self.choices and not votes else "heads"
            return "absent" if missing else listen
        if missing and self.logits != "absent":
            expected, got = "a head for every branch", f"none for {missing}"
            repair = "give the network heads, or say logits='absent'"
            raise OptionError(type(self).__name__, expected, got, repair)
        if votes and self.logits == "probe":
            expected, got = "heads that only listen", f"the voting heads of {_kind(network)}"
            raise OptionError(type(self).__name__, expected, got, "say logits='heads'")
        return self.logits

    def hear(
        self,
        network: Multimodal,
        features: dict[str, Any],
        out: Outputs,
        present: Present | None,
        *,
        learn: bool = False,
    ) -> tuple[str, dict[str, Tensor]]:
        """The way, and by modality the logits of those that some row of the batch has."""
        source, names = self.source(network), in_batch(features, out)
        if source == "heads":
            return source, {name: out.unimodal[name] for name in names}
        if source == "probe":
            quiet = {name: detached(features[name]) for name in names}
            return source, network.unimodal(quiet, out.here)
        self.passes.forward += len(names)
        return source, {
            name: logits_with(network, features, present, [name], learn=learn) for name in names
        }


def in_batch(features: dict[str, Any], out: Outputs) -> list[str]:
    """The modalities that some row of the batch has."""
    return [name for name in features if out.here[name].any()]


def logits_with(
    network: Multimodal,
    features: dict[str, Any],
    present: Present | None,
    kept: Collection[str],
    *,
    learn: bool = False,
) -> Tensor:
    """The network's logits where only some modalities are kept. Shapes: -> (B, C)."""
    rows = len(values_of(next(iter(features.values()))))
    gone = {name: np.zeros(rows, bool) for name in features if name not in kept}
    masks = {**(present or {}), **gone}
    with _unwatched(network):
        if learn:
            return network.meet(features, masks).logits
        with evaluating(network), no_grad():
            return network.meet({n: detached(f) for n, f in features.items()}, masks).logits


def likelihoods(logits: dict[str, Tensor], here: Presence, target: Any) -> dict[str, float]:
    """s_m, the mean over the rows that have m of softmax(z_m) at the true label."""
    pairs = {name: rows_of(name, z.detach(), here, target) for name, z in logits.items()}
    return {name: float(mean(exp(-cross_entropy(*p, "none")))) for name, p in pairs.items()}


def ratios(scores: dict[str, float]) -> dict[str, float]:
    """rho_m = s_m / mean of s_j over j != m; 1 where m is alone or all are 0."""
    found = {}
    for name, s in scores.items():
        others = [t for other, t in scores.items() if other != name] or [s]
        other = sum(others) / len(others)
        found[name] = s / other if other else float("inf") if s else 1.0
    return found


def values_of(feature: Any) -> Tensor:
    """A feature, or the values of tokens; a plain array, which no branch changed, as Tensor."""
    values = feature.values if isinstance(feature, Tokens) else feature
    return values if isinstance(values, Tensor) else Tensor(values)


def detached(feature: Any) -> Any:
    """The same feature, outside every graph."""
    if isinstance(feature, Tokens):
        return Tokens(feature.values.detach(), feature.present)
    return feature.detach() if isinstance(feature, Tensor) else feature


@contextmanager
def evaluating(network: Multimodal) -> Iterator[None]:
    """Evaluation mode in this block; each module then has its own mode again."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def _unwatched(network: Multimodal) -> Iterator[None]:
    watchers, network.on_features = network.on_features, []
    try:
        yield
    finally:
        network.on_features = watchers


def _kind(network: Multimodal) -> str:
    return type(network).__name__
