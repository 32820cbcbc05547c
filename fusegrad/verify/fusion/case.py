"""A case: something with a backward split to prove, built and called in one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Tensor
from ...nn import Module

Names = Sequence[str]
Arrays = dict[str, np.ndarray]
Present = Mapping[str, Any] | None
WIDTHS = {"a": 3, "b": 4, "c": 2, "d": 3}  # of the modalities, of which the first M are taken


def vectors(names: Names, rows: int, rng: np.random.Generator) -> Arrays:
    """A feature (B, d_m) for every modality, all of different widths."""
    return {name: rng.standard_normal((rows, WIDTHS[name])) for name in names}


def equal_vectors(names: Names, rows: int, rng: np.random.Generator) -> Arrays:
    """A feature (B, 3) for every modality."""
    return {name: rng.standard_normal((rows, 3)) for name in names}


@dataclass(frozen=True)
class Case:
    """A row of the table.

    `build(names, rng)` makes the module for some of the modalities a, b, c, d; `inputs(names,
    rows, rng)` draws the float64 arrays by modality that are differentiated; `call(module,
    inputs, present)` gives a Tensor. `counts` are the numbers M of modalities, `rows` the batch
    sizes. A case whose `absent` is "" knows missing modalities; else it says why there are
    none; `zeros` likewise a branch that is 0. `source` is the paper.
    """

    name: str
    kind: str
    what: str
    build: Callable[[Names, np.random.Generator], Module]
    inputs: Callable[[Names, int, np.random.Generator], Arrays] = vectors
    call: Callable[[Any, Mapping[str, Any], Present], Tensor] = lambda m, x, here: m(x, here)
    counts: tuple[int, ...] = (1, 2, 3, 4)
    rows: tuple[int, ...] = (1, 3)
    absent: str = ""
    zeros: str = ""
    source: str = ""

    def __str__(self) -> str:
        return self.name.replace(" ", "_")

    def module(self, names: Names) -> Module:
        """The module in float64, with parameters off their first values: zeros and ones would
        hide mistakes."""
        made = self.build(names, np.random.default_rng(7)).to(np.float64)
        rng = np.random.default_rng(8)
        for p in made.parameters():
            p.assign_(p.numpy() + 0.1 * rng.standard_normal(p.shape))
        return made
