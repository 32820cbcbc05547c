"""The gradients that single modalities would take, on the graph of the step itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.backward import backpropagate
from ...kernels.device import module_of
from ..network import Multimodal, Outputs
from .held_out import Criterion, evaluating
from .measures import cosine, dense
from .rows import take

HEAD, ABSENT = "head", "others absent"


class UnimodalGradients:
    """By modality, dL_m/dtheta_m: of its own loss, for the weights of its branch."""

    def __init__(self, network: Multimodal) -> None:
        self.network = network
        self.gradients: dict[str, dict[Any, Any]] = {}
        self.by: dict[str, str] = {}

    def measure(
        self,
        outputs: Outputs,
        target: Any,
        criterion: Criterion,
        parameters: Mapping[str, Sequence[Tensor]],
    ) -> None:
        """One backward pass for every branch that learns and that some row has; the graph stays
        for the step's own."""
        for name in outputs.features:
            trained = [p for p in parameters[name] if p.requires_grad]
            rows = np.flatnonzero(outputs.here[name])
            if trained and len(rows):
                loss = self._loss(name, outputs, target, criterion, rows)
                self.gradients[name] = _pulled(loss, trained)

    def agreement(self, parameters: Mapping[str, Sequence[Tensor]]) -> dict[str, float | None]:
        """cos(gradient that each branch holds now, its unimodal one)."""
        return {
            name: cosine([dense(p.grad) for p in held], [found.get(p) for p in held])
            for name, found in self.gradients.items()
            for held in (parameters[name],)
        }

    def _loss(
        self, name: str, outputs: Outputs, target: Any, criterion: Criterion, rows: np.ndarray
    ) -> Tensor:
        logits = outputs.unimodal.get(name)
        self.by[name] = ABSENT if logits is None else HEAD
        if logits is None:
            logits = self._alone(name, outputs)
        if len(rows) == outputs.here.rows:
            return criterion(logits, target)
        return criterion(logits[rows], take(target, rows))

    def _alone(self, name: str, outputs: Outputs) -> Tensor:
        with evaluating(self.network):
            feature, here = outputs.features[name], outputs.here
            return self.network.meet({name: feature}, {name: here[name]}).logits


def _pulled(loss: Tensor, parameters: Sequence[Tensor]) -> dict[Any, Any]:
    if loss.node is None:
        return {}
    seed = module_of(loss.data).ones_like(loss.data)
    return backpropagate([loss.node], [seed], inputs=parameters, retain_graph=True)
