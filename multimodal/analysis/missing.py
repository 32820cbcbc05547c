"""Missing modalities: a metric over the share of samples that lack them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..network import Inputs, Multimodal
from ..presence import Present
from .held_out import (
    Metric,
    accuracy,
    demand_modality,
    demand_network,
    features_of,
    looking,
    on_host,
)
from .level_curve import ALL, LEVELS, SEEDS, Curve, demand_levels
from .rows import count, demand_rows
from .table import aligned


def missing_curve(
    network: Multimodal,
    inputs: Inputs,
    target: Any,
    *,
    modality: str = ALL,
    rates: Sequence[float] = LEVELS,
    seeds: Sequence[int] = SEEDS,
    present: Present | None = None,
    metric: Metric = accuracy,
) -> Curve:
    """The metric where a share of the samples lacks a modality, by presence masks.

    For one modality, round(rate * B) samples lack it. For "all", every sample lacks each
    modality with probability `rate`, and one that would be left with none keeps one, drawn
    evenly among those that it has: at rate 1 each has exactly one. At rate 0 it is exactly the
    clean metric. What `present` says is missing stays so.

    Raises: OptionError for an unknown modality, rates that do not rise within 0..1, or no seed;
    ShapeError for modalities of other lengths.
    """
    demand_network("missing_curve", network)
    demand_levels("missing_curve", rates, seeds)
    rows = count(target)
    demand_rows("missing_curve", inputs, rows)
    if modality != ALL:
        demand_modality("missing_curve", modality, list(inputs))
    features = features_of(network, inputs, present)

    def at(seed: int, k: int) -> float:
        rng = np.random.default_rng([seed, k])
        if modality == ALL:
            masks = kept_of_all(list(inputs), rows, rates[k], rng, present)
        else:
            masks = {modality: kept(rows, rates[k], rng)}
        with looking(network):
            logits = network.meet(features, _both(masks, present)).logits
        return float(metric(on_host(logits), target))

    values = tuple(tuple(at(seed, k) for k in range(len(rates))) for seed in seeds)
    return Curve(modality, "missing samples", tuple(rates), values)


def missing_curves(
    network: Multimodal, inputs: Inputs, target: Any, **options: Any
) -> dict[str, Curve]:
    """`missing_curve` for each modality and for "all"; options and errors as there."""
    return {
        name: missing_curve(network, inputs, target, modality=name, **options)
        for name in [*inputs, ALL]
    }


def missing_table(curves: dict[str, Curve]) -> str:
    """Curves side by side: the mean over seeds by rate, and the areas."""
    rates = next(iter(curves.values())).levels
    rows = [
        [f"{r:.2f}", *(f"{c.means[k]:.4f}" for c in curves.values())]
        for k, r in enumerate(rates)
    ]
    return aligned(
        ["rate", *curves], [*rows, ["area", *(str(c.area) for c in curves.values())]]
    )


def kept(rows: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """True but for round(rate * rows) samples. Shapes: (rows,)."""
    mask = np.ones(rows, bool)
    mask[rng.permutation(rows)[: round(rate * rows)]] = False
    return mask


def kept_of_all(
    names: Sequence[str],
    rows: int,
    rate: float,
    rng: np.random.Generator,
    present: Present | None = None,
) -> dict[str, np.ndarray]:
    """Each False with probability `rate`, but at least one modality for every sample, of those
    that it has."""
    has = np.stack([_rows_with(name, rows, present) for name in names], axis=1)
    table = rng.random((rows, len(names))) >= rate
    none = np.flatnonzero(~(table & has).any(axis=1))
    left = np.where(has[none].any(axis=1, keepdims=True), has[none], True)
    drawn = rng.integers(left.sum(axis=1))  # the first, second, .. of what is left
    table[none, np.argmax(left.cumsum(axis=1) > drawn[:, None], axis=1)] = True
    return {name: table[:, k] for k, name in enumerate(names)}


def _rows_with(name: str, rows: int, present: Present | None) -> np.ndarray:
    given = (present or {}).get(name)
    if given is None:
        return np.ones(rows, bool)
    mask = on_host(given)
    return np.asarray(mask.reshape(rows, -1).any(axis=1))


def _both(masks: dict[str, np.ndarray], present: Present | None) -> dict[str, Any]:
    joined: dict[str, Any] = {**(present or {}), **masks}
    for name, mask in masks.items():
        given = (present or {}).get(name)
        if given is not None:
            given = on_host(given)
            joined[name] = given & mask.reshape(mask.shape + (1,) * (given.ndim - 1))
    return joined
