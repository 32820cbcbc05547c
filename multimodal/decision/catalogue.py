"""The table of decisions: what the command line, the proofs and the result table know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .decision import Decision
from .mean import MeanLogits


@dataclass(frozen=True)
class Row:
    """A decision by name. `make(names, classes, rng)` builds it."""

    name: str
    make: Callable[[Sequence[str], int, np.random.Generator], Decision]
    what: str


DECISIONS = {
    row.name: row
    for row in (Row("mean", lambda names, classes, rng: MeanLogits(names), "mean of z_m"),)
}
