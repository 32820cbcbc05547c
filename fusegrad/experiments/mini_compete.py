"""MiniCompete: trained together, an easy modality keeps a better one from being learned.

Both branches get their gradient from one residual p - y. The easy modality is soon learned by
heart, the residual vanishes on the training rows, and with it all that the better, slower
branch could have learned from: its share of the gradient falls. What helps is a loss of its own
for each branch, or, less, to hold back the branch that leads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .. import optim
from ..data import synthetic
from ..lens.outcome import Curve, Finding, Outcome, Picture, Table
from ..multimodal import Multimodal, balance
from ..multimodal.analysis.interval import interval, paired
from ..multimodal.balance import Method, Step
from . import miniature
from .modulation import modulation
from .workers import Each, serially

HIDDEN, EPOCHS, BOTH = 48, 40, ("a", "v")
SETTING = (
    "six classes; a: 200-d, weak, linear; v: 24-d, needs a hidden layer; "
    f"{HIDDEN} hidden units, one head a branch, logits added; "
    f"1,000 train, 3,000 test rows, {EPOCHS} epochs"
)
Built = tuple[Sequence[str], Callable[[], Method], Callable[[Multimodal], optim.Optimizer]]


def sgd(network: Multimodal) -> optim.Optimizer:
    """Momentum, with one step size for all networks."""
    return optim.SGD(network.parameters(), lr=0.01, momentum=0.9)


def _adam(network: Multimodal) -> optim.Optimizer:
    return optim.Adam(network.parameters(), lr=0.002)


TOGETHER = ("joint", "OGM, alpha .8", "unimodal loss")
NETWORKS: dict[str, Built] = {
    "a alone": (("a",), balance.Joint, sgd),
    "v alone": (("v",), balance.Joint, sgd),
    "joint": (BOTH, balance.Joint, sgd),
    "OGM, alpha .8": (BOTH, lambda: balance.OGM(alpha=0.8), sgd),
    "unimodal loss": (BOTH, balance.UnimodalLosses, sgd),
    "a alone, Adam": (("a",), balance.Joint, _adam),
    "v alone, Adam": (("v",), balance.Joint, _adam),
    "joint, Adam": (BOTH, balance.Joint, _adam),
    "unimodal loss, Adam": (BOTH, balance.UnimodalLosses, _adam),
}


@dataclass
class Trial:
    """One network of one seed: accuracies, and by epoch the share of v in the gradient norm
    of the encoders, and that norm over the first epoch's."""

    accuracy: float = 0.0
    heads: dict[str, float] = field(default_factory=dict)
    share: list[float] = field(default_factory=list)
    norm: list[float] = field(default_factory=list)


def run(seeds: int = 5, each: Each = serially) -> Outcome:
    """The whole experiment; `each` runs its networks."""
    jobs = [(name, seed) for seed in range(seeds) for name in NETWORKS]
    trials: dict[str, list[Trial]] = {name: [] for name in NETWORKS}
    for (name, _), found in zip(jobs, each(trial, jobs)):
        trials[name].append(found)
    outcome = Outcome("mini-compete", "A modality that is never learned", SETTING, seeds)
    table, findings = modulation()
    outcome.tables = [_accuracies(trials), _shares(trials), table]
    outcome.pictures = _pictures(trials)
    outcome.findings = _findings(trials) + findings
    return outcome


def trial(name: str, seed: int) -> Trial:
    """Train one network and look at it; the same seed draws the same encoders and rows."""
    names, method, optimizer = NETWORKS[name]
    data, rng = synthetic.mini_compete(seed), np.random.default_rng(seed)
    network = miniature.voting(data, names, HIDDEN, rng)
    made, epoch = Trial(), list[dict[str, float]]()

    def on_epoch() -> None:
        sums = {name: sum(step[name] for step in epoch) for name in names}
        made.norm.append(sum(sums.values()) / len(epoch))
        made.share.append(sums.get("v", 0.0) / sum(sums.values()))
        epoch.clear()

    def on_step(_: Step) -> None:
        epoch.append(miniature.norms(network.branches))

    parts = (network, data, optimizer(network), EPOCHS, rng, method())
    miniature.train(*parts, on_step=on_step, on_epoch=on_epoch)
    made.accuracy = miniature.accuracy(network, data)
    made.heads = miniature.voices(network, data)
    return made


def _of(trials: dict[str, list[Trial]], name: str) -> list[float]:
    return [trial.accuracy for trial in trials[name]]


def _accuracies(trials: dict[str, list[Trial]]) -> Table:
    rows = []
    for name, found in trials.items():
        heads = [[t.heads[m] for t in found if m in t.heads] for m in BOTH]
        shown = [str(interval(x)) if x else "-" for x in heads]
        rows.append([name, str(interval(_of(trials, name))), *shown])
    head = ("network", "test accuracy", "head of a", "head of v")
    return Table("Accuracy, mean ± 95 % over seeds", head, rows)


def _shares(trials: dict[str, list[Trial]]) -> Table:
    rows = []
    for name in TOGETHER:
        first, last = ([t.share[k] for t in trials[name]] for k in (0, -1))
        left = [t.norm[-1] / t.norm[0] for t in trials[name]]
        rows.append([name, *(str(interval(x)) for x in (first, last, left))])
    head = ("network", "share of v, first epoch", "last epoch", "norm, last over first")
    return Table("v's share of the encoders' gradient norm", head, rows)


def _pictures(trials: dict[str, list[Trial]]) -> list[Picture]:
    x = list(range(1, EPOCHS + 1))

    def mean(name: str, what: str) -> list[float]:
        return list(np.mean([getattr(t, what) for t in trials[name]], axis=0))

    shares = [Curve(name, mean(name, "share")) for name in TOGETHER]
    norm = [Curve(name, mean(name, "norm")) for name in TOGETHER]
    return [
        Picture("Share of v in the encoders' gradient", "epoch", x, shares, (0.0, 1.0)),
        Picture("Norm of the encoders' gradient", "epoch", x, norm, log=True),
    ]


def _findings(trials: dict[str, list[Trial]]) -> list[Finding]:
    joint, best = _of(trials, "joint"), _of(trials, "v alone")
    ogm, alone = _of(trials, "OGM, alpha .8"), _of(trials, "unimodal loss")
    fall = paired([t.share[0] for t in trials["joint"]], [t.share[-1] for t in trials["joint"]])
    gaps = {
        "v alone over joint training": (paired(best, joint), 0.10),
        "OGM over joint training": (paired(ogm, joint), 0.03),
        "unimodal losses over joint training": (paired(alone, joint), 0.10),
    }
    found = [Finding(k, i.mean, (least, np.inf), i) for k, (i, least) in gaps.items()]
    text = "fall of v's share of the gradient in joint training"
    return [*found, Finding(text, fall.mean, (0.03, np.inf), fall)]
