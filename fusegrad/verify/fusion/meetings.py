"""Cases of all fusions and decisions, made from their tables: a new row is proved."""

from __future__ import annotations

import numpy as np

from ...multimodal import DECISIONS, FUSIONS
from ...multimodal.decision import Row as DecisionRow
from ...multimodal.fusion import Row as FusionRow
from ...nn import Module
from .case import WIDTHS, Arrays, Case, Names, equal_vectors, vectors

CLASSES, WIDTH = 3, 4
LENGTHS = {"a": 2, "b": 1, "c": 3, "d": 2}  # of the sequences where a fusion takes tokens


def _tokens(names: Names, rows: int, rng: np.random.Generator) -> Arrays:
    return {n: rng.standard_normal((rows, LENGTHS[n], WIDTHS[n])) for n in names}


def _equal_tokens(names: Names, rows: int, rng: np.random.Generator) -> Arrays:
    return {n: rng.standard_normal((rows, LENGTHS[n], 3)) for n in names}


def source_of(module: Module) -> str:
    """What the docstring of its class says after "Source:"."""
    text = " ".join((type(module).__doc__ or "").split())
    return text.rpartition("Source: ")[2].rstrip(".") if "Source: " in text else ""


def fusion_case(row: FusionRow) -> Case:
    """The case of a feature fusion."""

    def build(names: Names, rng: np.random.Generator) -> Module:
        widths = {name: 3 if row.equal else WIDTHS[name] for name in names}
        return row.make(widths, WIDTH, rng)

    names = {name: 3 if row.equal else width for name, width in WIDTHS.items()}
    source = source_of(row.make(names, WIDTH, np.random.default_rng(0)))
    drawn = {
        (False, False): vectors,
        (True, False): equal_vectors,
        (False, True): _tokens,
        (True, True): _equal_tokens,
    }
    inputs = drawn[row.equal, row.tokens]
    return Case(row.name, "fusion", row.what, build, inputs, source=source)


def decision_case(row: DecisionRow) -> Case:
    """The case of a decision."""

    def build(names: Names, rng: np.random.Generator) -> Module:
        return row.make(list(names), CLASSES, rng)

    source = source_of(build(list("ab"), np.random.default_rng(0)))
    return Case(row.name, "decision", row.what, build, equal_vectors, source=source)


MEETINGS = [*map(fusion_case, FUSIONS.values()), *map(decision_case, DECISIONS.values())]
