"""XOR and its neighbours: one bit of label in both modalities, in one, or in neither alone.

A network whose logits are a sum of one function of each modality cannot learn the exclusive or,
whatever its branches: it stays at chance. One that multiplies them learns it. The EMAP gap is
what a network loses when its interactions are averaged away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .. import nn, optim
from ..data import synthetic
from ..lens.outcome import Finding, Outcome, Table
from ..multimodal import (
    Concat,
    FeatureFusionNet,
    Fusion,
    Gate,
    LowRank,
    Sum,
    TensorFusion,
)
from ..multimodal.analysis import emap
from ..multimodal.analysis.interval import interval
from . import miniature
from .workers import Each, serially

HIDDEN, MIDDLE, LR = 8, 16, 0.02
EPOCHS, SHORT = 60, 10  # of synergy, and of what is learned soon
ADDITIVE = ("sum", "concat, linear")
COMPARED = ("concat, linear", "tensor")
EMAP_ROWS = 200
SETTING = (
    "two classes; each modality 4-d: its bit as the sign of one coordinate, noise .3; "
    f"{HIDDEN} hidden units; 2,000 train, 2,000 test rows, {EPOCHS} epochs of SGD "
    f"({SHORT} where the bit is in one modality)"
)
Widths = dict[str, int]
Made = tuple[Fusion, nn.Module]


def _linear(fusion: Fusion, rng: np.random.Generator) -> Made:
    return fusion, miniature.layer(fusion.width, 2, rng)


def _deep(fusion: Fusion, rng: np.random.Generator) -> Made:
    first = miniature.encoder(fusion.width, MIDDLE, rng)
    return fusion, nn.Sequential(*first.children(), miniature.layer(MIDDLE, 2, rng))


NETWORKS: dict[str, Callable[[Widths, np.random.Generator], Made]] = {
    "sum": lambda w, rng: _linear(Sum(w), rng),
    "concat, linear": lambda w, rng: _linear(Concat(w), rng),
    "concat, hidden": lambda w, rng: _deep(Concat(w), rng),
    "gate": lambda w, rng: _linear(Gate(w, rng=rng), rng),
    "tensor": lambda w, rng: _linear(TensorFusion(w), rng),
    "low-rank": lambda w, rng: _linear(LowRank(w, MIDDLE, rank=4, rng=rng), rng),
}


@dataclass(frozen=True)
class Trial:
    """One network of one seed: its accuracies by epoch, the EMAP gap, and how far the logits of
    its additive part are from its own."""

    scores: list[float]
    gap: float
    distance: float

    @property
    def accuracy(self) -> float:
        """On the test rows, after the last epoch."""
        return self.scores[-1]


def run(seeds: int = 5, each: Each = serially) -> Outcome:
    """The whole experiment; `each` runs its networks."""
    jobs = [(n, k, s) for s in range(seeds) for k in synthetic.KINDS for n in _networks(k)]
    trials: dict[tuple[str, str], list[Trial]] = {}
    for (name, kind, _), found in zip(jobs, each(trial, jobs)):
        trials.setdefault((name, kind), []).append(found)
    outcome = Outcome("xor", "What neither modality says alone", SETTING, seeds)
    outcome.tables = [_synergy(trials), _neighbours(trials)]
    curves = {name: [t.scores for t in trials[name, "synergy"]] for name in NETWORKS}
    outcome.pictures = [miniature.learning(curves, EPOCHS)]
    outcome.findings = _findings(trials)
    return outcome


def _networks(kind: str) -> Sequence[str]:
    return list(NETWORKS) if kind == "synergy" else COMPARED


def trial(name: str, kind: str, seed: int) -> Trial:
    """Train one network; the same seed draws the same encoders and rows."""
    data, rng = synthetic.interaction(kind, seed), np.random.default_rng(seed)
    branches = {n: miniature.encoder(4, HIDDEN, rng) for n in data.inputs}
    fusion, head = NETWORKS[name](dict.fromkeys(branches, HIDDEN), rng)
    if not isinstance(fusion, LowRank):  # its factors have first values of their own
        miniature.redrawn(fusion, rng)
    fusion.to(np.float64)
    network = FeatureFusionNet(branches, fusion, head)
    optimizer = optim.SGD(network.parameters(), lr=LR, momentum=0.9)
    epochs = EPOCHS if kind == "synergy" else SHORT
    scores = miniature.followed(network, data, optimizer, epochs, rng)
    rows = data.split["test"][:EMAP_ROWS]
    found = emap(network, miniature.chosen(network, data, rows), data.label[rows])
    return Trial(scores, found.gap, found.distance)


def _synergy(trials: dict[tuple[str, str], list[Trial]]) -> Table:
    rows = []
    for name in NETWORKS:
        found = trials[name, "synergy"]
        columns = ([getattr(t, what) for t in found] for what in ("accuracy", "gap"))
        worst = max(t.distance for t in found)
        rows.append([name, *(str(interval(x)) for x in columns), f"{worst:.1e}"])
    head = ("network", "test accuracy", "EMAP gap", "logits off their additive part, at most")
    return Table("Exclusive or: mean ± 95 % over seeds", head, rows)


def _neighbours(trials: dict[tuple[str, str], list[Trial]]) -> Table:
    rows = []
    for name in COMPARED:
        found = ([t.accuracy for t in trials[name, kind]] for kind in synthetic.KINDS)
        rows.append([name, *(str(interval(x)) for x in found)])
    best = [synthetic.interaction(kind).bayes["both"] for kind in synthetic.KINDS]
    rows.append(["best possible", *(f"{x:.3f}" for x in best)])
    return Table("Test accuracy by where the bit is", ("network", *synthetic.KINDS), rows)


def _findings(trials: dict[tuple[str, str], list[Trial]]) -> list[Finding]:
    def of(name: str, what: str) -> list[float]:
        return [getattr(t, what) for t in trials[name, "synergy"]]

    found = []
    for name in NETWORKS:
        score = interval(of(name, "accuracy"))
        within = (0.0, 0.55) if name in ADDITIVE else (0.99, np.inf)
        found.append(Finding(f"accuracy of {name}", score.mean, within, score))
    gap = interval(of("tensor", "gap"))
    found.append(Finding("EMAP gap of tensor fusion", gap.mean, (0.40, np.inf), gap))
    for name in ADDITIVE:
        worst = max(of(name, "distance"))
        text = f"logits of {name} off their additive part"
        found.append(Finding(text, worst, (0.0, 1e-12)))
    return found
