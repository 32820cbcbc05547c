"""CGGM: unimodal classifiers say how large a branch's gradient is, and where it points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.backward import backpropagate
from ...engine.ops import norms, queries
from ...engine.ops.elementwise import equal
from ...engine.ops.reductions import mean
from ...engine.ops.shaping import as_array, data_of
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ...kernels.device import to_device
from ...nn.loss.checks import at_least
from ..network import Inputs, Multimodal, Outputs
from ..presence import Present
from .method import Criterion, Step, added, rows_of
from .own import own_parameters, scale, set_aside
from .voices import Voiced, detached, values_of


class CGGM(Voiced):
    """g <- rho B_m g for the own parameters of branch m, of the loss L + lam L_gm.

    B_m = (sum_j D_j - D_m) / sum_j D_j with D_m = max(eps_m now - eps_m before, 0), where eps_m
    is the accuracy of m's own classifier on the rows of the batch that have m, 0 at first: who
    improves faster gets less. L_gm = sum_m (|B_m| - B_m cos(dL/df_m, d_m)), d_m = dL_m/df_m
    held fixed: the fused gradient is turned towards the classifier's, by a second derivative.
    Backward: f_m gets what L gives, and lam d(L_gm)/df_m, which also reaches fusion, head and
    the other branches; branches are scaled after that.
    One forward (M more with logits="absent") and 3 backwards: two to the features alone, of L
    and of all L_m together, and one of everything; with lam = 0, or where no feature has a
    gradient, 1. `weight` is rho B_m. A modality alone in a batch keeps its gradient.
    Differs: the cosine is of gradients at the features, which exist in one shape for every
    fusion; the authors' code takes it of weights, and adds L_gm one step late, over M. D is cut
    at 0, so that B_m is in [0, 1]: without, one classifier that got worse makes B_m negative,
    and a sum near 0 makes it huge. Where nobody improves, B_m = (M - 1) / M for all, as when
    all improve alike.
    Raises: OptionError for rho < 0 or lam < 0, and for targets that are no class labels; else
    as for `Voiced`.
    Source: Guo et al. 2024.
    """

    def __init__(
        self,
        rho: float = 1.3,
        lam: float = 0.2,
        logits: str | None = None,
        criterion: Criterion = cross_entropy,
    ) -> None:
        super().__init__(logits, criterion)
        self.rho, self.lam = at_least("CGGM", "rho", rho, 0), at_least("CGGM", "lam", lam, 0)

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        features, out = self.parted_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        source, voices = self.hear(network, features, out, present, learn=self.lam > 0)
        losses = self.unimodal_losses(out, target, voices)
        now = {n: _accuracy(n, z, out, target) for n, z in voices.items()}
        before = {n: float(self.recall(f"accuracy.{n}", 0.0)) for n in now}
        b = balance({n: now[n] - before[n] for n in now})
        scales = {n: self.rho * x if len(b) > 1 else 1.0 for n, x in b.items()}
        own, probes = own_parameters(network), losses if source == "probe" else {}
        guides = self.unimodal_losses(out, target) if probes else losses
        with set_aside(network.parameters()):
            turned = self.direction(loss, guides, features, b)
            self.backward_pass(added([loss, *probes.values(), *turned]))
            for name, factor in scales.items():
                scale(own[name], factor)
        self.remember({f"accuracy.{n}": x for n, x in now.items()})
        weight = {**dict.fromkeys(network.branches, 1.0), **scales}
        return Step(loss, out, losses, weight, source)

    def direction(
        self,
        loss: Tensor,
        guides: Mapping[str, Tensor],
        features: Mapping[str, Any],
        b: Mapping[str, float],
    ) -> list[Tensor]:
        """lam L_gm, which can be differentiated; nothing where there is nothing to turn."""
        ends = {n: f for n in b if (f := values_of(features[n])).requires_grad}
        if not (self.lam and ends and len(b) > 1):
            return []
        self.passes.backward += 2
        here = slopes(loss, ends, create_graph=True)
        there = slopes(added(guides.values()), ends)
        terms = [b[n] - b[n] * cosine(here[n], there[n]) for n in ends if n in here]
        return [self.lam * added(terms)] if terms else []


def balance(gains: Mapping[str, float]) -> dict[str, float]:
    """B_m = (sum_j D_j - D_m) / sum_j D_j with D = max(gain, 0); (M - 1) / M where all are 0.

    >>> balance({"a": 0.75, "b": 0.25, "c": -0.2})
    {'a': 0.25, 'b': 0.75, 'c': 1.0}
    """
    kept = {name: max(gain, 0.0) for name, gain in gains.items()}
    total, count = sum(kept.values()), len(kept)
    if not total:
        return dict.fromkeys(kept, 1 - 1 / max(count, 1))
    return {name: sum(d for other, d in kept.items() if other != name) / total for name in kept}


def slopes(
    loss: Tensor, ends: Mapping[str, Tensor], create_graph: bool = False
) -> dict[str, Any]:
    """d(loss)/d(end), by name, of the ends that the loss depends on; no `grad` is changed."""
    seed = Tensor(to_device(np.ones(loss.shape, loss.dtype), loss.device))
    edges = {name: f.node or f for name, f in ends.items()}
    found = backpropagate(
        [loss.node or loss],
        [seed if create_graph else seed.data],
        inputs=list(edges.values()),
        retain_graph=True,
        create_graph=create_graph,
    )
    return {name: found[edge] for name, edge in edges.items() if edge in found}


def cosine(g: Tensor, fixed: Any) -> Tensor:
    """<g, d> / (||g|| ||d||) over all elements; 0 where one of them is 0."""
    length = norms.norm(g) * norms.norm(Tensor(fixed))
    return (g * fixed).sum() / length if float(length) else (g * 0.0).sum()


def _accuracy(name: str, logits: Tensor, out: Outputs, target: Any) -> float:
    z, y = rows_of(name, detached(logits), out.here, target)
    labels = data_of(as_array(y))
    if labels.shape != z.shape[:1] or labels.dtype.kind not in "iu":
        rule, got = "class labels (B,)", f"{labels.dtype} of shape {labels.shape}"
        raise OptionError("CGGM", rule, got, "accuracies are of classes")
    right = equal(queries.argmax(z, axis=-1), to_device(labels, z.device))
    return float(mean(data_of(right).astype(z.dtype)))
