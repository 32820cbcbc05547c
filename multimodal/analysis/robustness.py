"""Robustness: a metric under growing corruption of each modality, and of all together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...kernels import OptionError
from ..network import Inputs, Multimodal
from .corruption import Corruption
from .held_out import Metric, accuracy, demand_modality, looking, on_host
from .interval import Interval
from .level_curve import ALL, LEVELS, SEEDS, Curve, demand_levels
from .rows import count, demand_rows
from .table import Record, aligned, plain

Model = Multimodal | Callable[[Inputs], Any]
Corruptions = Corruption | Mapping[str, Corruption]


def curve(
    model: Model,
    inputs: Inputs,
    target: Any,
    corruption: Corruptions,
    *,
    modality: str = ALL,
    levels: Sequence[float] = LEVELS,
    seeds: Sequence[int] = SEEDS,
    metric: Metric = accuracy,
) -> Curve:
    """The metric at each level of corruption of one modality, or jointly of all, by seed.

    `model` is a network, which is taken in evaluation mode, or a function from inputs to
    logits. `corruption` is one for every modality or a dict by modality. The draws depend on
    seed, level and modality alone: all models of a run see the same inputs, and a modality is
    spoilt jointly as it is alone. At level 0 inputs are the very same, and so is the metric.

    Raises: OptionError for an unknown modality, one without a corruption, levels that do not
    rise within 0..1, or no seed; ShapeError for modalities of other lengths.
    """
    demand_levels("curve", levels, seeds)
    demand_rows("curve", inputs, count(target))
    names = list(inputs)
    if modality != ALL:
        demand_modality("curve", modality, names)
    chosen = names if modality == ALL else [modality]
    ways = {name: _way(corruption, name) for name in chosen}

    def at(seed: int, k: int) -> float:
        spoilt = dict(inputs)
        for name, way in ways.items():
            rng = np.random.default_rng([seed, k, names.index(name)])
            spoilt[name] = way(inputs[name], levels[k], rng)
        return float(metric(_logits(model, spoilt), target))

    values = tuple(tuple(at(seed, k) for k in range(len(levels))) for seed in seeds)
    harm = " and ".join(dict.fromkeys(map(repr, ways.values())))
    return Curve(modality, harm, tuple(levels), values)


@dataclass(frozen=True)
class Robustness(Record):
    """Curves by modality and "all"; those of a late fusion on the same inputs, where one was
    measured, and by how much the area exceeds its."""

    curves: dict[str, Curve]
    late: dict[str, Curve]

    def difference(self, modality: str) -> Interval:
        """Area less that of the late fusion, seed by seed.

        Raises: OptionError where no late fusion was measured.
        """
        if modality not in self.late:
            expected, got = "a late fusion measured in the same run", "none"
            raise OptionError("Robustness", expected, got, "pass late= to robustness")
        return self.curves[modality].less(self.late[modality])

    def to_json(self) -> dict[str, Any]:
        """All curves, and the differences of their areas."""
        apart = {name: self.difference(name).mean for name in self.late}
        curves = {name: c.to_json() for name, c in self.curves.items()}
        late = {name: c.to_json() for name, c in self.late.items()}
        return plain({"curves": curves, "late": late, "difference": apart})

    def __str__(self) -> str:
        head = ["corrupted", "clean", "at the end", "area", "less late fusion's"]
        rows = [
            [
                name,
                f"{c.clean:.4f}",
                f"{c.means[-1]:.4f}",
                str(c.area),
                str(self.difference(name)) if name in self.late else "-",
            ]
            for name, c in self.curves.items()
        ]
        return aligned(head, rows)


def robustness(
    model: Model,
    inputs: Inputs,
    target: Any,
    corruption: Corruptions,
    *,
    late: Model | None = None,
    **options: Any,
) -> Robustness:
    """`curve` for each modality and jointly, of the model and of a `late` fusion beside it;
    options and errors as there."""
    names = [*inputs, ALL]

    def curves(of: Model) -> dict[str, Curve]:
        return {n: curve(of, inputs, target, corruption, modality=n, **options) for n in names}

    return Robustness(curves(model), {} if late is None else curves(late))


def _way(corruption: Corruptions, name: str) -> Corruption:
    if not isinstance(corruption, Mapping):
        return corruption
    if name not in corruption:
        expected, repair = f"a corruption for {name!r}", "add one, or choose one modality"
        raise OptionError("curve", expected, str(list(corruption)), repair)
    return corruption[name]


def _logits(model: Model, inputs: Inputs) -> np.ndarray:
    if not isinstance(model, Multimodal):
        return on_host(model(inputs))
    with looking(model):
        return on_host(model(inputs))
