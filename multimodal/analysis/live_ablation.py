"""Live ablation: all sets of modalities on held-out data, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...kernels import OptionError
from ..network import Inputs, Multimodal
from .attribution import Attribution, attribute
from .held_out import demand_network, features_of
from .table import Record, aligned, figure


@dataclass(frozen=True)
class Live(Record):
    """The attribution of one epoch."""

    epoch: int
    attribution: Attribution

    def __str__(self) -> str:
        return f"epoch {self.epoch}\n{self.attribution}"


class LiveAblation:
    """Measures a network on held-out data while it trains, and keeps every measurement.

        live = LiveAblation(net, inputs, labels, rng=np.random.default_rng(0))
        for epoch in range(1, 11):
            ...train...
            live(epoch)
        print(live)

    Each call costs one forward pass of the branches and 2^M of what follows for zero and mean,
    times the permutations for permuted. `reference` are training inputs, whose mean features
    stand for absent ones. Every call draws the same permutations, so that epochs compare.
    Options and errors as in `ablate`; OptionError for `every` under 1.
    """

    def __init__(
        self,
        network: Multimodal,
        inputs: Inputs,
        target: Any,
        *,
        rng: np.random.Generator,
        reference: Inputs | None = None,
        every: int = 1,
        **options: Any,
    ) -> None:
        demand_network("LiveAblation", network)
        if not isinstance(every, int) or every < 1:
            raise OptionError(
                "LiveAblation", "every of 1 or more", repr(every), "1 is each epoch"
            )
        self.network, self.inputs, self.target, self.every = network, inputs, target, every
        self.reference, self.options = reference, options
        self.seed = int(rng.integers(2**32))
        self.history: list[Live] = []

    def __call__(self, epoch: int) -> Live | None:
        """Measure, if this is an epoch to be measured: the first and every `every`-th."""
        if (epoch - 1) % self.every:
            return None
        options = dict(self.options)
        if self.reference is not None:
            options["reference"] = features_of(self.network, self.reference)
        rng = np.random.default_rng(self.seed)
        found = attribute(self.network, self.inputs, self.target, rng=rng, **options)
        self.history.append(Live(epoch, found))
        return self.history[-1]

    def to_json(self) -> list[dict[str, Any]]:
        """All measurements."""
        return [live.to_json() for live in self.history]

    def __str__(self) -> str:
        """Worth for accuracy by epoch, the mean of the absence models and their spread."""
        if not self.history:
            return "no epoch yet"
        names = self.history[0].attribution.names
        head = ["epoch", *(f"{n} {what}" for n in names for what in ("worth", "spread"))]
        return aligned(head, [_row(live) for live in self.history])


def _row(live: Live) -> list[str]:
    found = live.attribution
    apart, cells = found.spread(), [str(live.epoch)]
    for name in found.names:
        values = [column[name] for column in found.accuracy.values()]
        cells += [figure(sum(values) / len(values)), figure(apart[name])]
    return cells
