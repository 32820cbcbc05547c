"""EMAP: how much of what a network says is a sum of what each modality says alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...kernels import OptionError
from ..network import Inputs, Multimodal
from ..presence import Present
from .held_out import (
    Metric,
    accuracy,
    demand_network,
    features_of,
    looking,
    masks_of,
    on_host,
)
from .rows import count, demand_rows, take, taken
from .table import Record, plain

ROWS = 500
CHUNK = 4096  # rows that meet at once


@dataclass(frozen=True, eq=False)
class Emap(Record):
    """The network and its additive part, on the same rows.

    logits, projected   (N, C), f and f^
    score, additive     the metric of each; gap = score - additive is what only products of
                        modalities can say
    distance            the largest |f - f^|: 0 but for rounding where the network is additive
    evaluations         how many rows met
    """

    logits: np.ndarray
    projected: np.ndarray
    score: float
    additive: float
    evaluations: int

    @property
    def gap(self) -> float:
        """score - additive."""
        return self.score - self.additive

    @property
    def distance(self) -> float:
        """The largest |f - f^| of all logits."""
        return float(np.abs(self.logits - self.projected).max())

    def to_json(self) -> dict[str, Any]:
        """The figures, without the logits."""
        names = ("score", "additive", "gap", "distance", "evaluations")
        return plain({"rows": len(self.logits), **{n: getattr(self, n) for n in names}})

    def __str__(self) -> str:
        return (
            f"EMAP on {len(self.logits)} rows: {self.score:.4f}, its additive part "
            f"{self.additive:.4f}, gap {self.gap:+.4f}; logits differ by {self.distance:.3g} "
            f"at most; {self.evaluations:,} rows met"
        )


def emap(
    network: Multimodal,
    inputs: Inputs,
    target: Any,
    *,
    present: Present | None = None,
    metric: Metric = accuracy,
    rows: int = ROWS,
    rng: np.random.Generator | None = None,
) -> Emap:
    """f^(x_1 .. x_M) = sum_m E[f | x_m] - (M - 1) E[f], and what is lost by it.

    E[f | x_m] is the mean over all N samples j of f(x_m, the other modalities of j): N**2 rows
    meet for two modalities, M N**2 for more, on features that are computed once, in evaluation
    mode. E[f] is the mean of all that met, so that f and f^ of an additive f have one mean.

    Raises: OptionError for more than `rows` samples without an `rng` that draws as many of
    them, or for a single modality; ShapeError for modalities of other lengths.
    Differs: the paper has two modalities. For more, the other modalities keep their joint
    distribution, since N**M rows are too many; f^ is f there too where f is additive.
    Source: Hessel & Lee 2020.
    """
    demand_network("emap", network)
    total = count(target)
    demand_rows("emap", inputs, total)
    if len(inputs) < 2:
        repair = "a single modality is its own additive part"
        raise OptionError("emap", "two modalities or more", str(list(inputs)), repair)
    if total > rows:
        chosen = np.sort(_generator(rng, rows, total).choice(total, rows, replace=False))
        inputs, target, total = taken(inputs, chosen), take(target, chosen), rows
        present = masks_of(present, chosen)
    features = features_of(network, inputs, present)
    with looking(network):
        logits = on_host(network.meet(features, present).logits)
        tables = _conditional_means(network, features, present, total)
    projected = _projected(logits, tables)
    scores = metric(logits, target), metric(projected, target)
    met = total**2 * (1 if len(features) == 2 else len(features))
    return Emap(logits, projected, *scores, met)


def _generator(rng: np.random.Generator | None, rows: int, total: int) -> np.random.Generator:
    if rng is None:
        repair = f"pass fewer, a larger rows=, or an rng= that draws {rows} of them"
        raise OptionError("emap", f"at most {rows} rows", f"{total}", repair)
    return rng


def _projected(logits: np.ndarray, means: list[np.ndarray]) -> np.ndarray:
    """sum_m E[f | x_m] - (M - 1) E[f], with E[f] as the mean of the means."""
    overall = np.mean([m.mean(axis=0) for m in means], axis=0)
    projected: np.ndarray = np.sum(means, axis=0) - (len(means) - 1) * overall
    return projected.astype(logits.dtype, copy=False)


def _conditional_means(
    network: Multimodal, features: Mapping[str, Any], present: Present | None, rows: int
) -> list[np.ndarray]:
    """E[f | x_m] by modality, (N, C) each, in float64."""
    names = list(features)
    if len(names) == 2:  # one table of all pairs serves both
        blocks = list(_tables(network, features, present, rows, names[0]))
        second = np.sum([block.sum(axis=0) for block in blocks], axis=0) / rows
        return [np.concatenate([block.mean(axis=1) for block in blocks]), second]
    return [
        np.concatenate(
            [block.mean(axis=1) for block in _tables(network, features, present, rows, name)]
        )
        for name in names
    ]


def _tables(
    network: Multimodal,
    features: Mapping[str, Any],
    present: Present | None,
    rows: int,
    name: str,
) -> Iterator[np.ndarray]:
    """f(x_name of i, others of j), (some i, N, C) at a time, in float64."""
    step = max(1, CHUNK // rows)
    for start in range(0, rows, step):
        own = np.arange(start, min(start + step, rows))
        i, j = np.repeat(own, rows), np.tile(np.arange(rows), len(own))
        met = {n: take(f, i if n == name else j) for n, f in features.items()}
        masks = {
            n: None if mask is None else take(on_host(mask), i if n == name else j)
            for n, mask in (present or {}).items()
        }
        z = on_host(network.meet(met, masks).logits)
        yield z.reshape(len(own), rows, -1).astype(np.float64)
