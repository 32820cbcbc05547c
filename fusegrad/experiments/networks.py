"""The networks that a job trains: each modality alone, and all of them fused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .. import nn
from ..multimodal import (
    Concat,
    DecisionFusionNet,
    FeatureFusionNet,
    Fusion,
    Gate,
    Multimodal,
    Sum,
)
from .tasks import WIDTH, Task

Widths = Mapping[str, int]
FEATURE_FUSIONS: dict[str, Callable[[Widths, np.random.Generator], Fusion]] = {
    "concat": lambda widths, rng: Concat(widths),
    "sum": lambda widths, rng: Sum(widths),
    "gate": lambda widths, rng: Gate(widths, rng=rng),
}


def build(
    task: Task,
    modalities: Sequence[str],
    fusion: str,
    rng: np.random.Generator,
    device: str = "cpu",
) -> Multimodal:
    """A network on some modalities of a task; a single one is a fusion of one.

    The branches are drawn first, so that networks of one seed share their first weights.
    """
    branches = {name: task.branch(name, rng) for name in modalities}
    classes = len(task.classes)
    network: Multimodal
    if fusion == "mean":
        heads = {name: nn.Linear(WIDTH, classes, rng=rng) for name in modalities}
        network = DecisionFusionNet(branches, heads)
    else:
        meeting = FEATURE_FUSIONS[fusion](dict.fromkeys(modalities, WIDTH), rng)
        network = FeatureFusionNet(
            branches, meeting, nn.Linear(meeting.width, classes, rng=rng)
        )
    network.to(device)
    return network
