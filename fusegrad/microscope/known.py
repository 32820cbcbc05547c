"""Which recorded op a node of the graph is.

Nodes are known by their numbers, and outputs are held weakly: to look on keeps no graph alive.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from ..engine.checkpoint import Segment
from ..engine.tape import Node
from ..engine.value import Value
from .passes import Applied


class Known:
    """The nodes of a pass. `ops` are those of the record, and grow with it."""

    def __init__(self, ops: list[Applied]) -> None:
        self.ops = ops
        self.made: list[int] = []  # the node's number of each op
        self.values: list[Callable[[], Any]] = []  # its output, as long as that lives
        self.at: dict[int, int] = {}  # node's number -> op
        self.order: list[int] = []  # numbers of nodes, as they were made
        # A checkpoint computes again: node's number -> its number, and which op of it that is.
        self.replayed: dict[int, tuple[int, int]] = {}
        self.count: dict[int, int] = {}  # checkpoint's number -> ops of it

    def add(self, number: int, y: Any = None) -> int:
        """Know the node of the op that comes next."""
        at = self.at[number] = len(self.made)
        self.made.append(number)
        self.values.append(_weak(y))
        self._note(number)
        return at

    def add_again(self, node: Node, segment: Segment) -> None:
        """Know a node that a checkpoint computes again."""
        place = self.count.get(segment.number, 0)
        self.count[segment.number] = place + 1
        self.replayed[node.number] = segment.number, place
        self._note(node.number)

    def _note(self, number: int) -> None:
        """Keep the order; what is known late is older."""
        if not self.order or self.order[-1] < number:
            self.order.append(number)
        else:
            self.order.insert(bisect_left(self.order, number), number)

    def op_of(self, node: Any) -> int | None:
        """The op of a node; None for one that is not in the record."""
        if node.number in self.at:
            return self.at[node.number]
        if node.number not in self.replayed:
            return None
        segment, place = self.replayed[node.number]
        last = self._last_before(segment)
        at = None if last is None else last - self.count[segment] + 1 + place
        is_same = at is not None and at >= 0 and self.ops[at].op == node.op.name
        return at if is_same else None

    def _last_before(self, number: int) -> int | None:
        """The newest op that was made before a number."""
        k = bisect_left(self.order, number) - 1
        if k < 0:
            return None
        other = self.order[k]
        if other in self.at:
            return self.at[other]
        segment, place = self.replayed[other]
        last = self._last_before(segment)
        return None if last is None else last - self.count[segment] + 1 + place

    def op_of_value(self, value: Value) -> int | None:
        """The op that a value came from; of what a checkpoint returns, the op inside of it."""
        node: Any = value.node
        found = self.op_of(node)
        if found is None and node.replay is not None:
            last = self._last_before(node.number)
            inside = range(-1 if last is None else last, -1, -1)
            found = next((k for k in inside if self.values[k]() is value.data), None)
            if found is not None:
                self.at[node.number] = found
        return found

    def alive(self) -> list[int]:
        """The ops that a way back may still go through: those of values that live, and whatever
        they were computed from."""
        return reaching(self.ops, [k for k, y in enumerate(self.values) if y() is not None])

    def part(self, ops: list[Applied], kept: Sequence[int]) -> Known:
        """What is known of some of the ops, which are now `ops`."""
        part = Known(ops)
        for k in kept:
            part.made.append(self.made[k])
            part.values.append(self.values[k])
        place = {k: new for new, k in enumerate(kept)}
        part.at = {number: place[k] for number, k in self.at.items() if k in place}
        part.order = sorted(part.made)
        return part


def reaching(ops: Sequence[Applied], ends: Sequence[int]) -> list[int]:
    """Some ops and all that they were computed from, rising."""
    found, stack = set(ends), list(ends)
    while stack:
        for source in ops[stack.pop()].inputs:
            if source.kind == "op" and source.number not in found:
                found.add(source.number)
                stack.append(source.number)
    return sorted(found)


def _weak(y: Any) -> Callable[[], Any]:
    try:
        return ref(y)
    except TypeError:  # None, for an op that was not seen when it ran
        return lambda: y
