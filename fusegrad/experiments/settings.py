"""What one training job is: its settings, their defaults and their ranges."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import optim
from ..kernels import OptionError
from ..kernels.device import DEVICES, module_for
from ..multimodal.balance import METHODS
from ..tasks import TASKS, is_folder
from .networks import EARLY, KINDS

OPTIMIZERS: dict[str, Callable[..., optim.Optimizer]] = {
    "adam": optim.Adam,
    "adamax": optim.AdaMax,
    "adagrad": optim.Adagrad,
    "rmsprop": optim.RMSProp,
    "sgd": optim.SGD,
}
# Step sizes of the lowest validation loss, all on one grid with one budget
# (`benchmarks/learning_rates.py`).
LEARNING_RATES = {"adam": 2e-3, "adamax": 1e-2, "adagrad": 2e-2, "rmsprop": 2e-3, "sgd": 2.0}
OWN = ", or name a folder of yours with rows.csv"


@dataclass(frozen=True)
class Settings:
    """Train each modality alone and all of them fused on real data, and write a report."""

    task: str = "emoji"
    """The data: emoji (pictures, keywords), spam (words, table of mails), syllables (Mandarin:
    sound, spelling), av_digits (pictures, spoken digits that FUSEGRAD_DATA must hold); made-up
    numbers: mini_av, mini_compete, redundancy, uniqueness, synergy; or a folder of your own
    with rows.csv (docs/own_data.md)."""
    fusion: str = "concat"
    """How branches meet: concat, sum, gate, gmu, tensor, ..., mean, hybrid, early; a wrong name
    lists all."""
    balance: str = "joint"
    """What keeps branches from starving: joint (nothing), unimodal, ogm, ogm-ge, agm, pmr,
    mmpareto, cggm or blending."""
    optimizer: str = "adam"
    """adam, adamax, adagrad, rmsprop, sgd, or all to race them from the same start."""
    epochs: int = 30
    """Passes over the training set."""
    batch_size: int = 64
    """Rows a step."""
    lr: float = 0.0
    """Step size; 0 takes the one tuned for the optimizer."""
    seed: int = 0
    """Fixes first weights, the order of batches and dropout."""
    device: str = "cpu"
    """Where to compute: cpu or cuda."""
    report: Path = Path("report.html")
    """Where to write the report, one self-contained file."""
    trace: Path | None = None
    """Also write a page of how the last network learnt: its graph, the way back, and every
    step of 64 of its numbers, to scrub through and to edit."""
    json: bool = False
    """Print the results as JSON instead of a table."""

    def check(self) -> None:
        """Refuse what cannot work, before anything is trained.

        Raises: OptionError, BackendError, or OSError, each one line with the repair.
        """
        if not is_folder(self.task):
            _one_of("--task", self.task, TASKS, OWN)
        _one_of("--fusion", self.fusion, KINDS)
        _one_of("--balance", self.balance, METHODS)
        if self.fusion == EARLY and self.balance != "joint":
            expected = "joint with --fusion early, which has no branches"
            raise OptionError("--balance", expected, repr(self.balance), "leave one out")
        _one_of("--optimizer", self.optimizer, (*OPTIMIZERS, "all"))
        _one_of("--device", self.device, DEVICES)
        _at_least("--epochs", self.epochs, 1)
        _at_least("--batch-size", self.batch_size, 1)
        _at_least("--seed", self.seed, 0)
        if not 0 <= self.lr < math.inf:
            raise OptionError("--lr", "0 <= lr < inf", self.lr, "try 0.001")
        module_for(self.device)

    def learning_rate(self, optimizer: str) -> float:
        """The step size given, or the tuned one."""
        return self.lr or LEARNING_RATES[optimizer]

    @property
    def racers(self) -> list[str]:
        """The optimizers to run, the one that trains every network first."""
        return list(OPTIMIZERS) if self.optimizer == "all" else [self.optimizer]


def _one_of(flag: str, value: str, known: Any, other: str = "") -> None:
    if value not in known:
        repair = "choose one of these" + other
        raise OptionError(flag, f"one of {', '.join(known)}", repr(value), repair)


def _at_least(flag: str, value: int, least: int) -> None:
    if value < least:
        raise OptionError(flag, f"a number from {least} up", value, f"try {max(least, 1)}")
