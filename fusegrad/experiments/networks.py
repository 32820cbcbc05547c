"""The networks that a job trains: each modality alone, and all of them fused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import nn
from ..multimodal import (
    DECISIONS,
    FUSIONS,
    DecisionFusionNet,
    EarlyFusionNet,
    FeatureFusionNet,
    HybridFusionNet,
    Multimodal,
)
from ..tasks import DROPOUT, WIDTH, Task

HYBRID, EARLY = "hybrid", "early"
KINDS = (*FUSIONS, *DECISIONS, HYBRID, EARLY)


def build(
    task: Task,
    modalities: Sequence[str],
    fusion: str,
    rng: np.random.Generator,
    device: str = "cpu",
    heads: bool = False,
    plain: bool = False,
) -> Multimodal:
    """A network on some modalities of a task; a single one is a fusion of one.

    The branches are drawn first, so that networks of one seed share their first weights. With
    `heads`, every branch of a feature fusion has a unimodal head as well; with `plain`, fusions
    of tokens get one token of each modality.
    """
    if fusion == EARLY:
        return _early(task, modalities, rng, device)
    tokens = fusion in FUSIONS and FUSIONS[fusion].tokens and not plain
    branches = {name: task.branch(name, rng, tokens=tokens) for name in modalities}
    classes = len(task.classes)
    named = modalities if _has_heads(fusion, heads) else ()
    made = {name: nn.Linear(WIDTH, classes, rng=rng) for name in named}
    network: Multimodal
    if fusion in DECISIONS:
        decision = DECISIONS[fusion].make(list(modalities), classes, rng)
        network = DecisionFusionNet(branches, made, decision)
    else:
        name = "concat" if fusion == HYBRID else fusion
        meeting = FUSIONS[name].make(dict.fromkeys(modalities, WIDTH), WIDTH, rng)
        head = nn.Linear(meeting.width, classes, rng=rng)
        kind = HybridFusionNet if fusion == HYBRID else FeatureFusionNet
        network = kind(branches, meeting, head, made)
    network.to(device)
    return network


def _early(
    task: Task, modalities: Sequence[str], rng: np.random.Generator, device: str
) -> Multimodal:
    """All inputs side by side, one hidden layer as wide as those of the branches together."""
    parts = {name: task.plain(name) for name in modalities}
    widths, hidden = {n: width for n, (_, width) in parts.items()}, WIDTH * len(parts)
    trunk = nn.Sequential(
        nn.Linear(sum(widths.values()), hidden, rng=rng),
        nn.ReLU(),
        nn.Dropout(DROPOUT, rng=rng),
        nn.Linear(hidden, len(task.classes), rng=rng),
    )
    network = EarlyFusionNet(widths, trunk, {n: module for n, (module, _) in parts.items()})
    network.to(device)
    return network


def _has_heads(fusion: str, wanted: bool) -> bool:
    return wanted or fusion in DECISIONS or fusion == HYBRID
