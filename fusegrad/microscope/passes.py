"""One forward pass and the way back through it, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from ..engine.op import Op, Plan
from .seen import Seen


class Source(NamedTuple):
    """Where an argument of an op came from: the number of an op, a leaf or a constant."""

    kind: Literal["op", "leaf", "constant"]
    number: int


class Ran(NamedTuple):
    """What an op is run again with: its vjps, and its parameters, as they were."""

    op: Op
    plan: Plan
    params: dict[str, Any]


@dataclass
class Applied:
    """One application of an op. `scope` names the modules that were running, the outermost
    first, and `calls` numbers their calls, so that a module that ran twice is told apart;
    `place` is the line of the user's program."""

    op: str
    inputs: tuple[Source, ...]
    names: tuple[str, ...]  # what the op calls its inputs
    params: dict[str, str]
    scope: tuple[str, ...]
    calls: tuple[int, ...]
    place: str
    value: Seen
    ran: Ran | None = None  # where values are kept whole


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


class Change(NamedTuple):
    """A gradient that is not the sum of its contributions, since a hook made another one of it,
    or a way back began here as well. `value` is what was used, and passed on."""

    source: Source
    value: Seen


@dataclass
class WrongOrder:
    """The way back if every value passed its gradient on when it was first reached, and never
    again: the pulls, what the leaves would get, and the first op that was too early, with how
    many of its contributions had come, and of how many."""

    pulls: list[Pull]
    leaves: dict[int, Seen]
    early: tuple[int, int, int] | None


@dataclass
class Pass:
    """A recorded pass: ops in the order in which they ran, pulls in that of one way back.

    An op of which only the node was met, since it ran outside the recording, has no numbers.
    """

    number: int
    ops: list[Applied] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    constants: list[Leaf] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    roots: list[tuple[int, Seen]] = field(default_factory=list)  # where the way back came in
    changes: list[Change] = field(default_factory=list)
    left_out: int = 0  # ops beyond the budget, of which no values are kept
    wrong: WrongOrder | None = None  # where the pass is small enough to be walked again

    def value(self, source: Source) -> Seen:
        """What is kept of the result of an op, of a leaf or of a constant."""
        if source.kind == "op":
            return self.ops[source.number].value
        held = self.leaves if source.kind == "leaf" else self.constants
        return held[source.number].value

    def gradients(self) -> dict[Source, np.ndarray]:
        """The gradient of everything that got one: its contributions, added in their order, or
        what a hook made of them. Those of large arrays are not kept."""
        held: dict[Source, np.ndarray] = {}
        given = [(Source("op", k), g.values) for k, g in self.roots]
        given += [(pull.source, pull.contribution.values) for pull in self.pulls]
        for source, g in given:
            if g is not None:
                held[source] = held[source] + g if source in held else g
        changed = ((change.source, change.value.values) for change in self.changes)
        return held | {source: g for source, g in changed if g is not None}

    def contributions(self, source: Source) -> list[Pull]:
        """What a value got on the way back, in order."""
        return [pull for pull in self.pulls if pull.source == source]

    def _repr_svg_(self) -> str:
        from .export import to_svg

        return to_svg(self)

    def __str__(self) -> str:
        from .telling import told

        return told(self)
