"""AGM: hold back the modality that is further ahead than it used to be."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

from ...engine import Tensor
from ...engine.ops.softmax import cross_entropy
from ...nn.loss.checks import at_least
from ..network import Inputs, Multimodal, Outputs
from ..presence import Present
from .method import Criterion, Method, Step, rows_of
from .own import own_parameters, scale, set_aside
from .voices import in_batch, logits_with

LIMIT = 7.0  # of tau - r, as in the authors' code
STEEPEST = 50.0  # of the exponent of r and tau, which would overflow


class AGM(Method):
    """g -> k_m g for the parameters of branch m, with k_m = exp(alpha min(tau_m - r_m, 7)).

    r_m = exp(M / (M - 1) (mean_j s_j - s_m)), s_m = CE(phi_m) the mean over the rows that have
    m, and phi_m = sum over S without m of |S|! (M - 1 - |S|)! / M! [z(S and m) - z(S)], the
    Shapley share of m in the logits, z(S) being the network's with all but S absent. tau_m is
    the same with the running means of s over all steps before; at its first step a modality is
    compared with itself, k_m = 1. r_m is large where m is ahead: one that leads by more than it
    used to gets k_m < 1, one that has fallen behind k_m > 1.
    Backward: that of the fused loss, the gradients of branches scaled. Fusion, head, and what
    two parts share keep theirs.
    2^M forwards, of which all but the first only from the fusion on, and one backward; M is the
    number of modalities in the batch, and with one of them k = 1.
    Differs: published two- and three-modality code has opposite signs in r; this is the sign
    that damps the leader, s being a loss. Exponents are kept within +-50. The share includes
    z(none), so that shares add up to z(all) - z(none).
    Raises: OptionError for alpha < 0.
    Source: Li et al. 2023, ICCV.
    """

    def __init__(self, alpha: float = 0.1, criterion: Criterion = cross_entropy) -> None:
        super().__init__(criterion)
        self.alpha = at_least("AGM", "alpha", alpha, 0)

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        features, out = self.parted_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        shares = self.shares(network, features, out, present)
        s = {n: _score(n, phi, out, target) for n, phi in shares.items()}
        means = {n: float(self.recall(f"mean.{n}", s[n])) for n in s}
        weight = {**dict.fromkeys(network.branches, 1.0), **modulated(s, means, self.alpha)}
        own = own_parameters(network)
        with set_aside(network.parameters()):
            self.backward_pass(loss)
            for name in s:
                scale(own[name], weight[name])
        for name in s:
            count = int(self.recall(f"count.{name}", 0)) + 1
            mean = means[name] + (s[name] - means[name]) / count
            self.remember({f"mean.{name}": mean, f"count.{name}": count})
        return Step(loss, out, {}, weight, "absent")

    def shares(
        self,
        network: Multimodal,
        features: dict[str, Any],
        out: Outputs,
        present: Present | None,
    ) -> dict[str, Tensor]:
        """phi_m (B, C) of every modality in the batch; 0 in rows that lack it."""
        names = in_batch(features, out)
        subsets = [frozenset(s) for k in range(len(names)) for s in combinations(names, k)]
        self.passes.forward += len(subsets)
        z = {s: logits_with(network, features, present, s) for s in subsets}
        return shapley(names, {**z, frozenset(names): out.logits.detach()})


def shapley(names: list[str], value: dict[frozenset[str], Any]) -> dict[str, Any]:
    """phi_m = sum_S |S|! (M - 1 - |S|)! / M! [v(S and m) - v(S)] over all S without m.

    >>> v = {frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 2.0, frozenset("ab"): 6.0}
    >>> shapley(["a", "b"], v)
    {'a': 2.5, 'b': 3.5}
    """
    count, found = len(names), {}
    for name in names:
        terms = [
            (value[s | {name}] - v) / (count * math.comb(count - 1, len(s)))
            for s, v in value.items()
            if name not in s
        ]
        found[name] = sum(terms[1:], start=terms[0])
    return found


def modulated(s: dict[str, float], means: dict[str, float], alpha: float) -> dict[str, float]:
    """k_m = exp(alpha min(tau_m - r_m, 7)); 1 for a modality alone."""
    tau, r = leads(means), leads(s)
    return {m: math.exp(alpha * min(tau[m] - r[m], LIMIT)) for m in s}


def leads(losses: dict[str, float]) -> dict[str, float]:
    """exp(M / (M - 1) (mean of losses - loss_m)): above 1 for who is ahead of the others."""
    if len(losses) < 2:
        return dict.fromkeys(losses, 1.0)
    count, mean = len(losses), sum(losses.values()) / len(losses)
    gaps = {name: count / (count - 1) * (mean - loss) for name, loss in losses.items()}
    return {name: math.exp(min(max(gap, -STEEPEST), STEEPEST)) for name, gap in gaps.items()}


def _score(name: str, phi: Tensor, out: Outputs, target: Any) -> float:
    return float(cross_entropy(*rows_of(name, phi, out.here, target)))
