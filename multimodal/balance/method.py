"""Method: how one training step makes its gradients, and what that costs.

    method = balance.OGM(alpha=0.8)
    for inputs, labels in batches:
        optimizer.zero_grad()
        step = method.backward(network, inputs, labels)      # fills .grad of every parameter
        optimizer.step()
    method.passes                                             # Passes(forward=.., backward=..)

Whatever a method needs of single modalities it takes from the unimodal heads of the network, so
that it works for any fusion; `heads="absent"` takes the network's own logits with all other
modalities absent instead, where there are no heads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.softmax import cross_entropy
from ...nn import Module
from ..network import Inputs, Multimodal, Outputs
from ..presence import Present

Criterion = Callable[[Tensor, Any], Tensor]


@dataclass
class Passes:
    """How many passes through the network the steps so far took."""

    steps: int = 0
    forward: int = 0
    backward: int = 0

    @property
    def extra(self) -> float:
        """Passes of a step beyond one forward and one backward, on average."""
        return (self.forward + self.backward) / self.steps - 2 if self.steps else 0.0


@dataclass
class Step:
    """One step's fused loss, by-modality losses where they were computed, and its outputs.

    Units: nats, means over the rows that have the modality. `weight` is what a method made of
    each modality in this step: its coefficient, by name; empty for the plain one.
    """

    loss: Tensor
    outputs: Outputs
    unimodal: dict[str, Tensor]
    weight: dict[str, float]


class Method(Module):
    """Base, and the plain method of joint training: the gradient of the fused loss alone."""

    def __init__(self, criterion: Criterion = cross_entropy) -> None:
        self.criterion, self.passes = criterion, Passes()

    def backward(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None = None
    ) -> Step:
        """Add this step's gradients to `.grad` of all parameters."""
        self.passes.steps += 1
        return self.gradients(network, inputs, target, present)

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        """What a method is: forward, loss and backward as it wants them, passes counted."""
        out = self.forward_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        self.backward_pass(loss)
        return Step(loss, out, {}, {})

    def forward_pass(
        self, network: Multimodal, inputs: Inputs, present: Present | None
    ) -> Outputs:
        """One forward pass, counted."""
        self.passes.forward += 1
        return network.outputs(inputs, present)

    def backward_pass(self, loss: Tensor, *, again: bool = False) -> None:
        """One backward pass, counted; `again` keeps the graph for one more."""
        self.passes.backward += 1
        loss.backward(retain_graph=again)

    def unimodal_losses(self, out: Outputs, target: Any) -> dict[str, Tensor]:
        """The loss of every unimodal head, over the rows that have the modality; a modality
        that no row of the batch has is left out."""
        losses = {}
        for name, logits in out.unimodal.items():
            rows = np.flatnonzero(out.here[name])
            whole = len(rows) == out.here.rows
            if len(rows):
                one, true = (logits, target) if whole else (logits[rows], _rows(target, rows))
                losses[name] = self.criterion(one, true)
        return losses


class Joint(Method):
    """Joint training: theta moves along the gradient of the fused loss alone.

    The baseline of all others. One forward and one backward a step.
    """


def _rows(target: Any, rows: np.ndarray) -> Any:
    return target[rows]
