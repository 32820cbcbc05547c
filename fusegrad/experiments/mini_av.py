"""MiniAV: a stronger and a weaker modality whose errors are independent.

Here the label adds what each modality says, so that fusions which add (concat, sum) reach the
best that anybody could, to a few points; a fusion that can also multiply has more weights to
find the same thing with, and is not better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .. import nn, optim
from ..data import synthetic
from ..data.synthetic import Synthetic
from ..lens.outcome import Finding, Outcome, Table
from ..multimodal import (
    Concat,
    EarlyFusionNet,
    FeatureFusionNet,
    Fusion,
    Gate,
    Multimodal,
    Sum,
    TensorFusion,
)
from ..multimodal.analysis.interval import interval, paired
from . import miniature
from .workers import Each, serially

HIDDEN, EPOCHS, LR, TENSOR_LR = 24, 8, 0.02, 0.004
BOTH = ("image", "audio")
SETTING = (
    "ten classes; image: prototype in 32-d + noise .50; audio: in 16-d + noise .79; "
    f"{HIDDEN} hidden units; 6,000 train, 5,000 test rows, {EPOCHS} epochs of SGD"
)
Widths = dict[str, int]
FUSIONS: dict[str, Callable[[Widths, np.random.Generator], Fusion]] = {
    "concat": lambda widths, rng: Concat(widths),
    "sum": lambda widths, rng: Sum(widths),
    "gate": lambda widths, rng: Gate(widths, rng=rng),
    "tensor": lambda widths, rng: TensorFusion(widths),
}


def run(seeds: int = 3, each: Each = serially) -> Outcome:
    """The whole experiment; `each` runs its networks."""
    names = (*BOTH, "early", *FUSIONS)
    jobs = [(name, seed) for seed in range(seeds) for name in names]
    curves: dict[str, list[list[float]]] = {name: [] for name in names}
    for (name, _), scores in zip(jobs, each(trial, jobs)):
        curves[name].append(scores)
    found = {name: [scores[-1] for scores in kept] for name, kept in curves.items()}
    best = [synthetic.mini_av(seed).bayes for seed in range(seeds)]
    bayes = {name: [b[name] for b in best] for name in (*BOTH, "both")}
    outcome = Outcome("mini-av", "Two modalities that complete each other", SETTING, seeds)
    outcome.tables = [_table(found, bayes)]
    outcome.pictures = [miniature.learning(curves, EPOCHS)]
    outcome.findings = _findings(found, bayes)
    return outcome


def trial(name: str, seed: int) -> list[float]:
    """The accuracy of a network of one seed on the test rows, after every epoch."""
    data, rng = synthetic.mini_av(seed), np.random.default_rng(seed)
    network = built(name, data, rng)
    lr = TENSOR_LR if name == "tensor" else LR
    optimizer = optim.SGD(network.parameters(), lr=lr, momentum=0.9)
    return miniature.followed(network, data, optimizer, EPOCHS, rng)


def built(name: str, data: Synthetic, rng: np.random.Generator) -> Multimodal:
    """One modality alone, early fusion, or a fusion of features with a linear head."""
    sizes = {n: x.shape[1] for n, x in data.inputs.items()}
    if name == "early":
        trunk = nn.Sequential(
            *miniature.encoder(sum(sizes.values()), 2 * HIDDEN, rng).children(),
            miniature.layer(2 * HIDDEN, 10, rng),
        )
        return EarlyFusionNet(sizes, trunk)
    names: Sequence[str] = (name,) if name in BOTH else BOTH
    branches = {n: miniature.encoder(sizes[n], HIDDEN, rng) for n in names}
    make = FUSIONS.get(name, FUSIONS["concat"])
    fusion = make(dict.fromkeys(names, HIDDEN), rng)
    miniature.redrawn(fusion, rng)
    return FeatureFusionNet(branches, fusion, miniature.layer(fusion.width, 10, rng))


def _table(found: dict[str, list[float]], bayes: dict[str, list[float]]) -> Table:
    rows = [[name, str(interval(x)), _gap(name, x, bayes)] for name, x in found.items()]
    rows += [[f"best possible, {n}", str(interval(x)), "-"] for n, x in bayes.items()]
    head = ("network", "test accuracy", "below the best possible")
    return Table("Accuracy, mean ± 95 % over seeds", head, rows)


def _gap(name: str, found: list[float], bayes: dict[str, list[float]]) -> str:
    return str(paired(bayes[name if name in BOTH else "both"], found))


def _findings(found: dict[str, list[float]], bayes: dict[str, list[float]]) -> list[Finding]:
    gap = paired(bayes["both"], found["concat"])
    over = paired(found["tensor"], found["concat"])
    best = np.maximum(found["image"], found["audio"])
    gain = paired(found["concat"], list(best))
    return [
        Finding("concat below the best possible", gap.mean, (-np.inf, 0.04), gap),
        Finding("tensor fusion over concat", over.mean, (-np.inf, 0.0), over),
        Finding("concat over the better modality alone", gain.mean, (0.05, np.inf), gain),
    ]
