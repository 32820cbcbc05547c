"""What each modality is worth under all three absence models, and how far they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..network import Inputs, Multimodal
from .ablation import Ablation, ablate_all
from .absence import ABSENCES
from .shapley import Subset
from .table import Record, aligned, figure, named, plain

KINDS = ("loss", "accuracy")


@dataclass(frozen=True)
class Attribution(Record):
    """Shapley values of loss and accuracy, and the ablations they come from.

    loss, accuracy   by absence model and modality; those of the loss are of its fall, so that
                     positive helps
    residual         the most that any of them misses v(all) - v(none) by
    """

    ablations: dict[str, Ablation]
    loss: dict[str, dict[str, float]]
    accuracy: dict[str, dict[str, float]]
    residual: float

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities."""
        return next(iter(self.ablations.values())).names

    def spread(self, kind: str = "accuracy") -> dict[str, float]:
        """By modality, how far the three absence models lie apart: how much of a value is the
        model's and not the modality's."""
        return spread({a: getattr(self, kind)[a] for a in self.ablations})

    def subset_spread(self, kind: str = "accuracy") -> dict[Subset, float]:
        """The same for the worth of every set of modalities."""
        return spread({a: getattr(found, kind) for a, found in self.ablations.items()})

    def to_json(self) -> dict[str, Any]:
        """All of it, and the spreads."""
        apart = {kind: self.spread(kind) for kind in KINDS}
        return plain({**super().to_json(), "spread": apart})

    def __str__(self) -> str:
        head = (*ABSENCES, "spread")
        parts = [f"Shapley residual at most {self.residual:.1g}"]
        for kind in KINDS:
            found, apart = getattr(self, kind), self.spread(kind)
            rows = [
                [n, *(figure(found[a][n]) for a in ABSENCES), figure(apart[n])] for n in apart
            ]
            parts.append(aligned((f"worth for {kind}", *head), rows))
        sets = self.subset_spread()
        rows = [
            [
                named(s),
                *(figure(self.ablations[a].accuracy[s]) for a in ABSENCES),
                figure(sets[s]),
            ]
            for s in sets
        ]
        return "\n\n".join([*parts[1:], aligned(("accuracy with", *head), rows), parts[0]])


def attribute(
    network: Multimodal,
    inputs: Inputs,
    target: Any,
    *,
    rng: np.random.Generator,
    **options: Any,
) -> Attribution:
    """Exact Shapley values of every modality for loss and accuracy, under all three absence
    models; options and errors as in `ablate`."""
    return attributed(ablate_all(network, inputs, target, rng=rng, **options))


def attributed(ablations: dict[str, Ablation]) -> Attribution:
    """The Shapley values of ablations by absence model."""
    found = {name: a.attribution() for name, a in ablations.items()}
    loss, score = ({name: pair[kind] for name, pair in found.items()} for kind in KINDS)
    worst = max(max(a.residuals().values()) for a in ablations.values())
    return Attribution(ablations, loss, score, worst)


def spread(columns: Mapping[str, Mapping[Any, float]]) -> dict[Any, float]:
    """Largest less smallest, row by row."""
    rows = next(iter(columns.values()))
    return {
        row: max(c[row] for c in columns.values()) - min(c[row] for c in columns.values())
        for row in rows
    }
