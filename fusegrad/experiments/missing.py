"""Missing: what a fused network is worth when a modality is not there, on MiniAV.

A network that has always seen both leans on both. Modality dropout hides one of them from some
rows of every batch: the network then does nearly as well with one modality as a network that
was made for it alone, and hardly worse with both. Shapley's rule says what each is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from .. import optim
from ..data import synthetic
from ..lens.outcome import Curve, Finding, Outcome, Picture, Table
from ..multimodal.analysis import Attribution, LiveAblation, missing_curves
from ..multimodal.analysis.interval import Interval, interval, paired
from ..multimodal.balance import ModalityDropout
from . import miniature
from .mini_av import BOTH, EPOCHS, LR, SETTING, built
from .workers import Each, serially

DROPPED = 0.15  # the share of rows that lose a modality, for each of the two
P = DROPPED / (1 - DROPPED)  # of two, the law drops one with p / (1 + p)
TRAINED = ("both always", "with dropout")
RATES = tuple(k / 10 for k in range(11))
ABSENCES = ("zero", "mean", "permuted")


@dataclass(frozen=True)
class Trial:
    """One network of one seed: accuracy by what is there; for fused ones, Shapley values of
    every epoch, and accuracy by the share of rows that miss each modality."""

    accuracy: dict[str, float]
    worth: list[Attribution] = field(default_factory=list)
    missing: dict[str, list[float]] = field(default_factory=dict)


def run(seeds: int = 3, each: Each = serially) -> Outcome:
    """The whole experiment; `each` runs its networks."""
    jobs = [(name, seed) for seed in range(seeds) for name in (*BOTH, *TRAINED)]
    trials: dict[str, list[Trial]] = {name: [] for name in (*BOTH, *TRAINED)}
    for (name, _), found in zip(jobs, each(trial, jobs)):
        trials[name].append(found)
    setting = f"{SETTING}; dropout hides each modality from {DROPPED:.0%} of the rows"
    outcome = Outcome("missing", "What is left without a modality", setting, seeds)
    outcome.tables = [_accuracies(trials), _worth(trials)]
    outcome.pictures = [_by_rate(trials, m) for m in BOTH] + [_by_epoch(trials)]
    outcome.findings = _findings(trials)
    return outcome


def trial(name: str, seed: int) -> Trial:
    """Train one network and look at it on the test rows."""
    data, rng = synthetic.mini_av(seed), np.random.default_rng(seed)
    network = built(name if name in BOTH else "concat", data, rng)
    optimizer = optim.SGD(network.parameters(), lr=LR, momentum=0.9)
    if name in BOTH:
        return Trial({name: miniature.followed(network, data, optimizer, EPOCHS, rng)[-1]})
    rows = data.split["test"]
    inputs, labels = miniature.chosen(network, data, rows), data.label[rows]
    live = LiveAblation(network, inputs, labels, rng=np.random.default_rng(seed))

    def on_epoch() -> None:
        live(len(live.history) + 1)
        network.train()

    drop = ModalityDropout(list(BOTH), P, rng=rng).masks if name == TRAINED[1] else None
    miniature.train(network, data, optimizer, EPOCHS, rng, on_epoch=on_epoch, masks=drop)
    found = live.history[-1].attribution
    scores = {"+".join(s): v for s, v in found.ablations["zero"].accuracy.items()}
    curves = missing_curves(network.eval(), inputs, labels, rates=RATES, seeds=(seed,))
    by_rate = {name: curve.means for name, curve in curves.items()}
    return Trial(scores, [x.attribution for x in live.history], by_rate)


def _of(trials: dict[str, list[Trial]], name: str, has: str) -> list[float]:
    return [t.accuracy[has] for t in trials[name]]


def _accuracies(trials: dict[str, list[Trial]]) -> Table:
    sets = (*BOTH, "+".join(BOTH))
    rows = [
        [name, *(str(interval(_of(trials, name, has))) for has in sets)] for name in TRAINED
    ]
    alone = [str(interval(_of(trials, name, name))) for name in BOTH]
    rows.append(["a network for one modality", *alone, "-"])
    return Table("Accuracy by what is there, mean ± 95 %", ("trained with", *sets), rows)


def _worth(trials: dict[str, list[Trial]]) -> Table:
    rows = []
    for name in TRAINED:
        for modality in BOTH:
            cells = [str(interval(_worths(trials, name, a, modality))) for a in ABSENCES]
            spread = interval([t.worth[-1].spread()[modality] for t in trials[name]])
            rows.append([f"{name}: {modality}", *cells, str(spread)])
    head = ("worth for accuracy (Shapley)", *ABSENCES, "spread")
    return Table("What a modality is worth, by model of absence", head, rows)


def _worths(
    trials: dict[str, list[Trial]], name: str, absence: str, modality: str
) -> list[float]:
    return [t.worth[-1].accuracy[absence][modality] for t in trials[name]]


def _by_rate(trials: dict[str, list[Trial]], modality: str) -> Picture:
    curves = [
        Curve(name, _mean(trials[name], lambda t: t.missing[modality])) for name in TRAINED
    ]
    percent = [round(100 * rate) for rate in RATES]
    return Picture(f"Accuracy, {modality} missing", "% of rows", percent, curves)


def _by_epoch(trials: dict[str, list[Trial]]) -> Picture:
    """Shapley values under zero, epoch by epoch, of both trainings."""
    curves = [
        Curve(f"{m}, {name.split()[-1]}", _mean(trials[name], partial(_history, m)))
        for name in TRAINED
        for m in BOTH
    ]
    return Picture("Worth of a modality", "epoch", list(range(1, EPOCHS + 1)), curves)


def _history(modality: str, trial: Trial) -> list[float]:
    return [found.accuracy["zero"][modality] for found in trial.worth]


def _mean(trials: list[Trial], values: Callable[[Trial], list[float]]) -> list[float]:
    return [float(x) for x in np.mean([values(t) for t in trials], axis=0)]


def _findings(trials: dict[str, list[Trial]]) -> list[Finding]:
    found = [_share(trials, name) for name in BOTH]
    both = "+".join(BOTH)
    cost = paired(_of(trials, TRAINED[0], both), _of(trials, TRAINED[1], both))
    found.append(Finding("cost of modality dropout with both", cost.mean, (-1.0, 0.01), cost))
    worst = max(x.residual for name in TRAINED for t in trials[name] for x in t.worth)
    found.append(Finding("Shapley values off the whole", worst, (0.0, 1e-12)))
    gaps = (_worths(trials, TRAINED[0], "zero", name) for name in BOTH)
    more = paired(*gaps)
    found.append(Finding("image worth more than audio", more.mean, (0.1, 1.0), more))
    return found


def _share(trials: dict[str, list[Trial]], name: str) -> Finding:
    pairs = zip(_of(trials, TRAINED[1], name), _of(trials, name, name))
    share: Interval = interval([fused / alone for fused, alone in pairs])
    text = f"{name} only, of what a network for it reaches"
    return Finding(text, share.mean, (0.97, np.inf), share)
