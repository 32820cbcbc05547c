"""Ablation: loss and accuracy of every set of modalities, and what each is worth by that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ..network import Features, Inputs, Multimodal
from ..presence import Present
from . import absence as absences
from .absence import ABSENCES, Absent, demand_absence
from .held_out import (
    Criterion,
    Metric,
    accuracy,
    demand_network,
    features_of,
    looking,
    on_host,
)
from .rows import count, demand_rows
from .shapley import Subset, residual, shapley, subsets
from .table import Record, aligned, figure, named

MOST = 5
PERMUTATIONS = 5
Draw = np.random.Generator | None


@dataclass(frozen=True)
class Ablation(Record):
    """Loss and metric (accuracy by default) by set of modalities, under one absence model.

    Units: as the criterion and the metric give them; nats and 0..1 by default. () is the worth
    of nothing: what the network says of all-absent, all-mean or all-permuted samples.
    """

    absence: str
    names: tuple[str, ...]
    loss: dict[Subset, float]
    accuracy: dict[Subset, float]

    def attribution(self) -> dict[str, dict[str, float]]:
        """Shapley values by "loss" and "accuracy", then by modality. Those of the loss are of
        its fall: positive helps."""
        fallen = {s: -v for s, v in self.loss.items()}
        return {"loss": shapley(fallen), "accuracy": shapley(self.accuracy)}

    def residuals(self) -> dict[str, float]:
        """By "loss" and "accuracy", how far Shapley values miss the whole: rounding alone."""
        found, fallen = self.attribution(), {s: -v for s, v in self.loss.items()}
        return {
            "loss": residual(fallen, found["loss"]),
            "accuracy": residual(self.accuracy, found["accuracy"]),
        }

    def __str__(self) -> str:
        rows = [[named(s), figure(self.loss[s]), figure(v)] for s, v in self.accuracy.items()]
        return f"absent is {self.absence}\n" + aligned(("has", "loss", "accuracy"), rows)


def ablate(
    network: Multimodal,
    inputs: Inputs,
    target: Any,
    *,
    absence: str = "zero",
    present: Present | None = None,
    reference: Features | None = None,
    permutations: int = PERMUTATIONS,
    rng: Draw = None,
    criterion: Criterion = cross_entropy,
    metric: Metric = accuracy,
) -> Ablation:
    """v(S) for all 2^M sets S of modalities: the others are away, as `absence` says.

    Branches run once, in evaluation mode; what is away is taken away from the features. `zero`:
    the presence mask is False. `mean`: the mean of the `reference` features (those of training
    data, from `network.features_of`), or of what is `present` of the batch where none are
    given. `permuted`: another sample's feature, averaged over so many `permutations`, which
    `rng` draws and which are the same for every S.

    Raises: OptionError for an unknown absence, more than 5 modalities, permuted without an rng
    or with fewer than 2 rows; ShapeError for modalities of other lengths.
    """
    features = _features("ablate", network, inputs, target, absence, present)
    here = {n: m for n, m in (present or {}).items() if m is not None and n in features}
    ways = _ways(features, here, absence, reference, permutations, rng)
    with looking(network):
        found = {
            s: _worth(network, features, here, ways, s, target, criterion, metric)
            for s in subsets(list(features))
        }
    loss, score = ({s: pair[i] for s, pair in found.items()} for i in (0, 1))
    return Ablation(absence, tuple(features), loss, score)


def _features(
    where: str,
    network: Multimodal,
    inputs: Inputs,
    target: Any,
    absence: str,
    present: Present | None,
) -> dict[str, Any]:
    demand_network(where, network)
    demand_absence(where, absence)
    demand_rows(where, inputs, count(target))
    if len(inputs) > MOST:
        expected, repair = f"{MOST} modalities or fewer", "2^M sets are too many; choose some"
        raise OptionError(where, expected, str(len(inputs)), repair)
    return features_of(network, inputs, present)


def _ways(
    features: Mapping[str, Any],
    present: Mapping[str, Any],
    absence: str,
    reference: Features | None,
    permutations: int,
    rng: Draw,
) -> list[Absent]:
    if absence == "zero":
        return absences.zero(features)
    if absence == "mean":
        known = _known(features, reference)
        return absences.mean(features, known, present if reference is None else {})
    rows = count(next(iter(features.values())))
    if rng is None or rows < 2 or permutations < 1:
        got = "no rng" if rng is None else f"{rows} rows, {permutations} permutations"
        expected, repair = "an rng, 2 rows and 1 permutation or more", "pass rng="
        raise OptionError("ablate, permuted", expected, got, repair)
    return absences.permuted(features, present, permutations, rng)


def _known(features: Mapping[str, Any], reference: Features | None) -> Features:
    if reference is None:
        return features
    if unknown := [n for n in features if n not in reference]:
        repair = "take them from network.features_of(training inputs)"
        expected = f"reference features of {list(features)}"
        raise OptionError("ablate, mean", expected, f"none of {unknown[0]}", repair)
    return reference


def _worth(
    network: Multimodal,
    features: Mapping[str, Any],
    present: Mapping[str, Any],
    ways: list[Absent],
    kept: Subset,
    target: Any,
    criterion: Criterion,
    metric: Metric,
) -> tuple[float, float]:
    """Loss and metric of one set, averaged over the draws; one draw does where none matters."""
    losses, scores = [], []
    for way in ways if len(kept) < len(features) else ways[:1]:
        logits = network.meet(*way.met(features, present, kept)).logits
        losses.append(float(criterion(logits, target)))
        scores.append(float(metric(on_host(logits), target)))
    return _mean(losses), _mean(scores)


def _mean(values: list[float]) -> float:
    """The mean; of equal values exactly that value, so that what changes nothing is worth 0."""
    first = values[0]
    return first + math.fsum(v - first for v in values) / len(values)


def ablate_all(
    network: Multimodal,
    inputs: Inputs,
    target: Any,
    *,
    rng: np.random.Generator,
    **options: Any,
) -> dict[str, Ablation]:
    """`ablate` under all three absence models, by their name."""
    return {
        kind: ablate(network, inputs, target, absence=kind, rng=rng, **options)
        for kind in ABSENCES
    }
