"""The experiments by name: `fusegrad experiment NAME`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..lens.outcome import Outcome
from . import balancing, interaction, mini_av, mini_compete, missing
from .workers import Each


@dataclass(frozen=True)
class Experiment:
    """A row: what it shows, over how many seeds unless told otherwise, and how it is run."""

    name: str
    what: str
    seeds: int
    run: Callable[[int, Each], Outcome]


EXPERIMENTS = {
    row.name: row
    for row in (
        Experiment(
            "balance",
            "nine ways to keep a branch from starving, side by side, with what they cost",
            5,
            balancing.run,
        ),
        Experiment(
            "mini-av",
            "two modalities whose errors are independent: adding nears the best possible",
            3,
            mini_av.run,
        ),
        Experiment(
            "mini-compete",
            "an easy modality starves a better one; what helps; why k is nothing to Adam",
            5,
            mini_compete.run,
        ),
        Experiment(
            "missing",
            "what is left without a modality; modality dropout; what each is worth",
            5,
            missing.run,
        ),
        Experiment(
            "xor",
            "a label that neither modality has alone: who can learn it, and the EMAP gap",
            5,
            interaction.run,
        ),
    )
}
