"""One forward pass and the way back through it, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from .seen import Seen


class Source(NamedTuple):
    """Where an argument of an op came from: the number of an op, a leaf or a constant."""

    kind: Literal["op", "leaf", "constant"]
    number: int


@dataclass
class Applied:
    """One application of an op. `scope` names the modules that were running, the outermost
    first; `place` is the line of the user's program."""

    op: str
    inputs: tuple[Source, ...]
    names: tuple[str, ...]  # what the op calls its inputs
    params: dict[str, str]
    scope: tuple[str, ...]
    place: str
    value: Seen


@dataclass
class Leaf:
    """What the pass started from: a parameter, or data."""

    name: str
    value: Seen
    needs_gradient: bool


class Pull(NamedTuple):
    """One vector-Jacobian product: what arrived at an op, and what one of its inputs gets.

    Where an op is elementwise, `local` is the slope, and `upstream * local` is the contribution
    before it is summed to the shape of the input; elsewhere `rule` says what is computed.
    """

    op: int
    input: int
    source: Source
    upstream: Seen
    local: Seen | None
    rule: str
    contribution: Seen


@dataclass
class Pass:
    """A recorded pass: ops in the order in which they ran, pulls in that of the way back."""

    number: int
    ops: list[Applied] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    constants: list[Leaf] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    roots: list[tuple[int, Seen]] = field(default_factory=list)  # where the way back began
    left_out: int = 0  # ops that ran beyond the budget

    def gradients(self) -> dict[Source, np.ndarray]:
        """The gradient of everything that got one: its contributions, added in their order.
        Those of large arrays are not kept."""
        held: dict[Source, np.ndarray] = {}
        whole = {Source("op", k): g.values for k, g in self.roots}
        held |= {source: g for source, g in whole.items() if g is not None}
        for pull in self.pulls:
            if pull.contribution.values is None:
                continue
            known = held.get(pull.source)
            given = pull.contribution.values
            held[pull.source] = given if known is None else known + given
        return held

    def contributions(self, source: Source) -> list[Pull]:
        """What a value got on the way back, in order."""
        return [pull for pull in self.pulls if pull.source == source]
