"""MMPareto: the fused and the unimodal gradient of a branch, joined so that neither loses."""

from __future__ import annotations

import math
from typing import Any

from ...engine.ops.softmax import cross_entropy
from ...engine.sparse import total
from ...nn.loss.checks import above
from ..network import Inputs, Multimodal
from ..presence import Present
from .method import Criterion, Step
from .own import forget, inner, own_parameters, scaled, set_aside
from .voices import Voiced

CANCELLED = 1e-4  # of the norm of g_F + g_m
Gradients = list[Any]  # one for each parameter; None where nothing arrived


class MMPareto(Voiced):
    """g <- gamma c (2 w_F g_F + 2 w_m g_m) for the own parameters of branch m, with g_F =
    dL/dtheta_m, g_m = dL_m/dtheta_m.

    Where cos(g_F, g_m) >= 0: w = 1/2, 1/2. Else w is that of the least norm of w_F g_F + w_m
    g_m on w_F + w_m = 1: w_F = <g_m - g_F, g_m> / ||g_F - g_m||^2, which descends both. c
    restores the norm of g_F + g_m where the result is shorter; gamma = 1.5 makes it longer.
    Backward: as said for branches; fusion, heads, and what two parts share get the plain sum of
    the gradients of L and of all L_m.
    One forward (M more with logits="absent") and M + 1 backwards, whose gradients are taken
    apart before they are compared; M counts the modalities in the batch, less those whose loss
    reaches nothing that is trained. `weight` is w_m.
    Differs: inner products and norms are of a branch as a whole; the authors' code restores the
    norm parameter by parameter. A gradient of 0 conflicts with none. Opposite ones cancel: of
    what is left, below 1e-4 of the norm, nothing is made long again.
    Raises: OptionError for gamma <= 0; else as for `Voiced`.
    Source: Wei & Hu 2024.
    """

    choices = ("heads", "absent")

    def __init__(
        self,
        gamma: float = 1.5,
        logits: str | None = None,
        criterion: Criterion = cross_entropy,
    ) -> None:
        super().__init__(logits, criterion)
        self.gamma = above("MMPareto", "gamma", gamma)

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        features, out = self.parted_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        source, voices = self.hear(network, features, out, present, learn=True)
        losses = self.unimodal_losses(out, target, voices)
        weight, own = dict.fromkeys(network.branches, 0.0), own_parameters(network)
        with set_aside(network.parameters()) as parameters:
            found: dict[str | None, dict[int, Any]] = {}
            for name, one in [*losses.items(), (None, loss)]:
                if one.requires_grad or name is None:
                    self.backward_pass(one, again=name is not None)
                found[name] = {id(p): p.grad for p in parameters}
                forget(parameters)
            for p in parameters:
                p.grad = _total([g[id(p)] for g in found.values()])
            for name in losses:
                fused, alone = ([found[n][id(p)] for p in own[name]] for n in (None, name))
                weight[name], joined = self.joined(fused, alone)
                for p, g in zip(own[name], joined):
                    p.grad = g
        return Step(loss, out, losses, weight, source)

    def joined(self, fused: Gradients, alone: Gradients) -> tuple[float, Gradients]:
        """w_m, and what becomes of the gradients of one branch."""
        ff, fm, mm = inner(fused, fused), inner(fused, alone), inner(alone, alone)
        w = least_norm(ff, fm, mm)
        length = _norm(ff, fm, mm, 2 * (1 - w), 2 * w)
        wanted = _norm(ff, fm, mm, 1.0, 1.0)
        c = wanted / length if CANCELLED * wanted < length < wanted else 1.0
        parts = zip(_scaled(fused, 2 * (1 - w) * c), _scaled(alone, 2 * w * c))
        return w, _scaled([_total(pair) for pair in parts], self.gamma)


def least_norm(ff: float, fm: float, mm: float) -> float:
    """w_m of the shortest (1 - w) g_F + w g_m with w in [0, 1], of the inner products of g_F
    and g_m; 1/2 where they do not conflict.

    >>> least_norm(1.0, 0.5, 1.0), least_norm(4.0, -1.0, 1.0)
    (0.5, 0.7142857142857143)
    """
    return 0.5 if fm >= 0 else (ff - fm) / (ff - 2 * fm + mm)


def _norm(ff: float, fm: float, mm: float, a: float, b: float) -> float:
    """||a g_F + b g_m||."""
    return math.sqrt(max(a * a * ff + 2 * a * b * fm + b * b * mm, 0.0))


def _scaled(gradients: Gradients, factor: float) -> Gradients:
    return [None if g is None else scaled(g, factor) for g in gradients]


def _total(gradients: Any) -> Any:
    """The sum of gradients; None where there is none."""
    there = [g for g in gradients if g is not None]
    for g in there[1:]:
        there[0] = total(there[0], g)
    return there[0] if there else None
