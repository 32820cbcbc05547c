"""What an audit can find, and how it says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.place import shown
from ..network import Multimodal, Outputs
from ..presence import Tokens
from .graph_walk import Reached
from .held_out import on_host

KINDS = (
    "unregistered",
    "detached",
    "untrained",
    "unreached",
    "stray",
    "frozen",
    "alias",
    "mix",
)


@dataclass(frozen=True)
class Finding:
    """One fault: its kind, what it is about, and a sentence."""

    kind: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an audit has seen.

    fused, reached    what leads to the fused logits; what leads to any loss
    declared, known   ids of parameters that are not to learn, and of leaves of the data's
    """

    network: Multimodal
    named: Mapping[str, Tensor]
    theirs: Sequence[Tensor]
    out: Outputs
    fused: Reached
    reached: Reached
    declared: set[int]
    known: set[int]

    def is_held(self, p: Any) -> bool:
        """Whether the optimizer trains it."""
        return any(p is q for q in self.theirs)


def findings(
    seen: Evidence, aliases: Mapping[str, str], mixed: Sequence[str]
) -> Iterator[Finding]:
    """All faults, what breaks learning first."""
    yield from _unregistered(seen)
    silent = list(_detached(seen))
    yield from silent
    quiet = {id(p) for f in silent for p in seen.network.branches[f.name].parameters()}
    yield from _strays(seen)
    for name, p in seen.named.items():
        if id(p) not in quiet and (found := _of_parameter(seen, name, p)):
            yield found
    for name, op in aliases.items():
        if id(seen.named[name]) not in seen.declared:
            text = f"{op} reads the values of {name} past its gradient, as a frozen alias"
            yield Finding("alias", name, text)
    for text in mixed:
        yield Finding("mix", text.partition(":")[0], f"samples mix in {text}")


def _unregistered(seen: Evidence) -> Iterator[Finding]:
    mine = {id(p) for p in seen.named.values()}
    for key, leaf in seen.reached.leaves.items():
        if key not in mine and key not in seen.known:
            what = f"{leaf.name or 'a tensor'} of shape {leaf.shape}{shown(leaf.place)}"
            trained = "is trained but saved nowhere" if seen.is_held(leaf) else "is not trained"
            text = f"{what} reaches the loss, is no parameter of the network, and {trained}"
            yield Finding("unregistered", leaf.name or f"shape {leaf.shape}", text)


def _detached(seen: Evidence) -> Iterator[Finding]:
    for name, branch in seen.network.branches.items():
        learns = [p for p in branch.parameters() if p.requires_grad]
        learns = [p for p in learns if id(p) not in seen.declared]
        feature = seen.out.features.get(name)
        if not learns or feature is None:
            continue
        values = feature.values if isinstance(feature, Tokens) else feature
        if not (values.requires_grad and seen.fused.holds(values)):
            text = f"no gradient leads from the fused logits to branch {name!r}"
            yield Finding("detached", name, f"{text}, which holds {len(learns)} parameters")
        elif not any(seen.fused.holds(p) for p in learns):
            text = f"branch {name!r} passes no gradient to its {len(learns)} parameters"
            yield Finding("detached", name, text)


def _strays(seen: Evidence) -> Iterator[Finding]:
    mine = {id(p) for p in seen.named.values()}
    for i, p in enumerate(seen.theirs):
        if id(p) in mine or id(p) in seen.reached.leaves or id(p) in seen.known:
            continue
        twin = _twin(p, seen)
        like = f", and looks like a copy of {twin}" if twin else ""
        text = f"the optimizer trains tensor {i} of shape {p.shape}, which no loss reaches"
        yield Finding("stray", twin or p.name or f"tensor {i}", text + like)


def _twin(p: Tensor, seen: Evidence) -> str:
    """The parameter that this seems to be a copy of: of its shape, untrained."""
    alike = [
        (name, q)
        for name, q in seen.named.items()
        if q.shape == p.shape and not seen.is_held(q)
    ]
    same = [name for name, q in alike if np.array_equal(on_host(p), on_host(q))]
    return next(iter(same or [name for name, _ in alike]), "")


def _of_parameter(seen: Evidence, name: str, p: Tensor) -> Finding | None:
    if not p.requires_grad:
        if id(p) in seen.declared:
            return None
        held = ", though the optimizer holds it" if seen.is_held(p) else ""
        return Finding("frozen", name, f"{name} asks for no gradient{held}")
    if id(p) in seen.declared:
        if not seen.is_held(p):
            return None
        return Finding("frozen", name, f"{name} is declared frozen, and is trained")
    if not seen.reached.holds(p):
        held = "is trained, but" if seen.is_held(p) else "is not trained, and"
        return Finding("unreached", name, f"{name} {held} no gradient path leads to it")
    if not seen.is_held(p):
        text = f"{name} reaches the loss, but the optimizer does not hold it"
        return Finding("untrained", name, text)
    return None
