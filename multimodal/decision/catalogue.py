"""The table of decisions: what the command line, the proofs and the result table know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .decision import Decision
from .mean import MeanLogits, MeanProbabilities
from .stacking import Stacking
from .sum import SumLogits
from .weighted import AverageLogits, WeightedLogits


@dataclass(frozen=True)
class Row:
    """A decision by name. `make(names, classes, rng)` builds it."""

    name: str
    make: Callable[[Sequence[str], int, np.random.Generator], Decision]
    what: str


DECISIONS = {
    row.name: row
    for row in (
        Row("mean", lambda names, classes, rng: MeanLogits(names), "mean of z_m"),
        Row("sum-logits", lambda names, classes, rng: SumLogits(names), "z_1 + .. + z_M"),
        Row("weighted", lambda names, classes, rng: WeightedLogits(names), "sum of w_m z_m"),
        Row(
            "average",
            lambda names, classes, rng: AverageLogits(names),
            "sum of w_m z_m, w = softmax(a) over those present",
        ),
        Row(
            "mean-probabilities",
            lambda names, classes, rng: MeanProbabilities(names),
            "log of the mean of softmax(z_m)",
        ),
        Row(
            "stacking",
            lambda names, classes, rng: Stacking(names, classes, rng=rng),
            "[log softmax(z_m), who is there] W^T + b",
        ),
    )
}
