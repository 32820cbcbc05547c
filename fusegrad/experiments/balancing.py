"""Balancing: every method of balance on MiniCompete, beside joint training and what it costs.

Same data, encoders, batches and step size for all; each method has its defaults, and none was
tuned here. What a method gains is a matter of the set: this one is made so that one branch
starves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data import synthetic
from ..lens.outcome import Curve, Finding, Outcome, Picture, Table
from ..multimodal import balance
from ..multimodal.analysis.interval import Interval, interval, paired
from . import miniature
from .mini_compete import BOTH, EPOCHS, HIDDEN, SETTING, sgd
from .workers import Each, serially

BETTER = {"unimodal": 0.10, "mmpareto": 0.10, "ogm": 0.03, "ogm-ge": 0.03}  # by at least
STARVED = "v"


@dataclass(frozen=True)
class Trial:
    """One network of one seed: its accuracies by epoch, that of the starved head, and the
    passes of a step beyond one forward and one backward."""

    scores: list[float]
    head: float
    extra: float


def run(seeds: int = 5, each: Each = serially) -> Outcome:
    """The whole experiment; `each` runs its networks."""
    jobs = [(name, seed) for seed in range(seeds) for name in balance.METHODS]
    trials: dict[str, list[Trial]] = {name: [] for name in balance.METHODS}
    for (name, _), found in zip(jobs, each(trial, jobs)):
        trials[name].append(found)
    title = "Nine ways to make a step's gradients"
    outcome = Outcome("balance", title, SETTING, seeds)
    outcome.tables = [_table(trials)]
    outcome.pictures = _pictures(trials)
    outcome.findings = [_finding(trials, name, least) for name, least in BETTER.items()]
    return outcome


def trial(name: str, seed: int) -> Trial:
    """Train one network; the same seed draws the same encoders, rows and order."""
    data, rng = synthetic.mini_compete(seed), np.random.default_rng(seed)
    network = miniature.voting(data, BOTH, HIDDEN, rng)
    options = {"rng": np.random.default_rng(seed)} if name == "ogm-ge" else {}
    method = balance.METHODS[name](**options)
    scores = miniature.followed(network, data, sgd(network), EPOCHS, rng, method)
    head = miniature.voices(network, data)[STARVED]
    return Trial(scores, head, method.passes.extra)


def _last(trials: dict[str, list[Trial]], name: str) -> list[float]:
    return [t.scores[-1] for t in trials[name]]


def _gain(trials: dict[str, list[Trial]], name: str) -> Interval:
    return paired(_last(trials, name), _last(trials, "joint"))


def _finding(trials: dict[str, list[Trial]], name: str, least: float) -> Finding:
    gain = _gain(trials, name)
    return Finding(f"{name} over joint training", gain.mean, (least, np.inf), gain)


def _table(trials: dict[str, list[Trial]]) -> Table:
    rows = []
    for name, found in trials.items():
        gain = "-" if name == "joint" else str(_gain(trials, name))
        scores = (_last(trials, name), [t.head for t in found])
        cells = [str(interval(x)) for x in scores]
        rows.append([name, cells[0], gain, cells[1], f"{found[0].extra:g}"])
    head = ("method", "test accuracy", "over joint", "head of v", "extra passes a step")
    return Table("Methods, mean ± 95 % over seeds", head, rows)


def _pictures(trials: dict[str, list[Trial]]) -> list[Picture]:
    """Two pictures, so that no line hides another: those that help here, and the others."""
    x = list(range(1, EPOCHS + 1))
    mean = {n: [float(v) for v in np.mean([t.scores for t in f], 0)] for n, f in trials.items()}
    helped = [n for n in trials if n in BETTER or n == "joint"]
    others = [n for n in trials if n not in BETTER]
    names = {"Test accuracy, what helps": helped, "Test accuracy, the others": others}
    return [
        Picture(title, "epoch", x, [Curve(n, mean[n]) for n in chosen], (0.0, 0.8))
        for title, chosen in names.items()
    ]
