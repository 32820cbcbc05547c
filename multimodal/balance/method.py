"""Method: how one training step makes its gradients, and what that costs.

    method = balance.OGM(alpha=0.8)
    for inputs, labels in batches:
        optimizer.zero_grad()
        step = method.backward(network, inputs, labels)      # fills .grad of every parameter
        optimizer.step()
    method.passes                                             # Passes(forward=.., backward=..)

Whatever a method needs of single modalities it takes from the unimodal heads of the network, so
that it works for any fusion; `logits="absent"` takes the network's own logits with all other
modalities absent instead, where there are no heads (voices.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.shaping import as_array, data_of
from ...engine.ops.softmax import cross_entropy
from ...kernels.device import device_of, to_device
from ...nn import Buffer, Module
from ...nn.hooks import seen
from ...nn.state import Keys
from ..network import Inputs, Multimodal, Outputs
from ..presence import Presence, Present

Criterion = Callable[[Tensor, Any], Tensor]
MEMORY = "memory."


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
    each modality in this step: its coefficient, by name; empty for the plain one. `logits` says
    whose unimodal logits it went by: "heads", "probe", "absent", or "" where it needed none.
    """

    loss: Tensor
    outputs: Outputs
    unimodal: dict[str, Tensor]
    weight: dict[str, float]
    logits: str = ""


class Method(Module):
    """Base, and the plain method of joint training: the gradient of the fused loss alone.

    What a method keeps from step to step is in `memory`, buffers by name that appear as they
    are needed; `state_dict` has them, and `load_state_dict` takes them into a new method, which
    then continues as the old one would have. A step that fails changes no gradient, no memory
    and no count.
    """

    def __init__(self, criterion: Criterion = cross_entropy) -> None:
        self.criterion, self.passes = criterion, Passes()
        self.memory: dict[str, Buffer] = {}

    def backward(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None = None
    ) -> Step:
        """Add this step's gradients to `.grad` of all parameters."""
        before = replace(self.passes)
        try:
            step = self.gradients(network, inputs, target, present)
        except BaseException:
            vars(self.passes).update(vars(before))
            raise
        self.passes.steps += 1
        return step

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        """What a method is: forward, loss and backward as it wants them, passes counted."""
        out = self.forward_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        self.backward_pass(loss)
        return Step(loss, out, {}, {})

    # ---- passes ---------------------------------------------------------------------------
    def forward_pass(
        self, network: Multimodal, inputs: Inputs, present: Present | None
    ) -> Outputs:
        """One forward pass, counted."""
        return self.parted_pass(network, inputs, present)[1]

    def parted_pass(
        self, network: Multimodal, inputs: Inputs, present: Present | None
    ) -> tuple[dict[str, Any], Outputs]:
        """One forward pass, counted: what the branches gave, and what came of it."""
        self.passes.forward += 1
        with seen(network):  # a forward pass, in two parts
            features = network.features_of(inputs, present)
            return features, network.meet(features, present)

    def backward_pass(self, loss: Tensor, *, again: bool = False) -> None:
        """One backward pass, counted; `again` keeps the graph for one more."""
        self.passes.backward += 1
        loss.backward(retain_graph=again)

    def unimodal_losses(
        self, out: Outputs, target: Any, logits: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """The loss of each modality's own logits, by default those of the heads, over the rows
        that have it; a modality that no row of the batch has is left out."""
        given = out.unimodal if logits is None else logits
        pairs = {name: rows_of(name, z, out.here, target) for name, z in given.items()}
        return {name: self.criterion(*pair) for name, pair in pairs.items() if len(pair[0])}

    # ---- memory ---------------------------------------------------------------------------
    def recall(self, name: str, default: Any) -> np.ndarray:
        """A copy of what is remembered by a name, on the host; the default where nothing is."""
        held = self.memory.get(name)
        return np.array(default) if held is None else np.array(held.numpy())

    def remember(self, values: Mapping[str, Any]) -> None:
        """Keep values by name, in the place of earlier ones."""
        self.memory |= {name: Buffer(np.array(x), name) for name, x in values.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Keys:
        """Continue from a state: what it remembers is then all that this method remembers.

        Raises: as `nn.Module.load_state_dict`; nothing is changed then.
        """
        before = self.memory
        if isinstance(state_dict, Mapping):
            names = [n for n in state_dict if str(n).startswith(MEMORY)]
            self.memory = {
                n.removeprefix(MEMORY): Buffer(np.asarray(state_dict[n])) for n in names
            }
        try:
            return super().load_state_dict(state_dict, strict)
        except BaseException:
            self.memory = before
            raise


class Joint(Method):
    """Joint training: theta moves along the gradient of the fused loss alone.

    The baseline of all others. One forward and one backward a step.
    """


def rows_of(name: str, logits: Tensor, here: Presence, target: Any) -> tuple[Tensor, Any]:
    """Logits and targets of the rows that have a modality. Shapes: (B, C) -> (N, C)."""
    rows = np.flatnonzero(here[name])
    if len(rows) == here.rows:
        return logits, target
    target = as_array(target)
    there = to_device(rows, device_of(data_of(target)))
    return logits[to_device(rows, logits.device)], target[there]


def added(losses: Iterable[Tensor]) -> Tensor:
    """The sum of one loss or more."""
    first, *rest = losses
    for loss in rest:
        first = first + loss
    return first
