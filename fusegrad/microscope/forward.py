"""Ops of a pass as they run, and what they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from ..engine.op import Op
from ..engine.place import shown
from ..engine.tape import Edge, Node
from ..engine.value import Value
from .known import Known
from .names import Names
from .parts import LEFT_OUT, Part
from .passes import Applied, Leaf, Pass, Ran, Source
from .seen import Seen, seen, unseen

MOST = 5_000  # ops of a pass that are kept


class Ops:
    """The ops of a pass, and which nodes and leaves they are."""

    def __init__(self, names: Names, now: Pass) -> None:
        self.names, self.now, self.known = names, now, Known(now.ops)
        # By identity: the leaf, how often it had changed, and its number in the record.
        self.leaves: dict[int, tuple[Callable[[], Any], int, int]] = {}

    def part(self, kept: Sequence[int], number: int) -> Ops:
        """Some of the ops, to begin a pass with; `kept` as in `Part`."""
        part = Part(self.now, kept)
        now, at = part.now, part.at
        now.number, now.left_out = number, 0
        ops = Ops(self.names, now)
        ops.known = self.known.part(now.ops, kept)
        for key, (leaf, version, k) in self.leaves.items():
            if (now_at := at.get(Source("leaf", k))) is not None:
                ops.leaves[key] = leaf, version, now_at.number
        return ops

    def is_due(self, limit: int) -> bool:
        """Whether to look for ops that are not needed any more."""
        return len(self.now.ops) >= min(limit, MOST)

    def newest(self, kept: Sequence[int]) -> Sequence[int]:
        """Some ops, or, of as many as leave no room for others, the newest half."""
        return kept if len(kept) <= MOST * 9 // 10 else kept[-(MOST // 2) :]

    def has_room(self) -> bool:
        """Whether one more op is kept."""
        return len(self.now.ops) < MOST

    def ran(
        self, args: Sequence[Any], params: Any, y: Any, node: Node, scope: Sequence[Any]
    ) -> None:
        """Write down an op that ran."""
        op = _blank(node, seen(y))
        op.inputs = tuple(self._source(a) for a in args)
        op.names = _names(node.op, len(args))
        op.params = {name: _short(value) for name, value in params.items()}
        op.scope = tuple(name for name, _ in scope)
        op.calls = tuple(call for _, call in scope)
        every = [op.value, *map(self.now.value, op.inputs)]
        if all(x.values is not None for x in every):
            op.ran = Ran(node.op, node.plan, params)
        self.known.add(node.number, y)
        self.now.ops.append(op)

    def _source(self, a: Any) -> Source:
        if isinstance(a, Value) and a.requires_grad:
            return self._leaf(a) if a.node is None else self._op(a.node, a)
        name = (self.names.known(a) or a.name) if isinstance(a, Value) else ""
        return self.constant(name, seen(a))

    def constant(self, name: str, value: Seen) -> Source:
        self.now.constants.append(Leaf(name, value, False))
        return Source("constant", len(self.now.constants) - 1)

    def _leaf(self, a: Any) -> Source:
        held, version, number = self.leaves.get(id(a), (None, -1, 0))
        if held is None or held() is not a or version != a.version:
            number = len(self.now.leaves)
            self.leaves[id(a)] = ref(a), a.version, number
            self.now.leaves.append(Leaf(self.names.of(a), seen(a), True))
        return Source("leaf", number)

    def _op(self, node: Any, value: Value) -> Source:
        number = self.known.op_of_value(value)
        return self._met(node, seen(value)) if number is None else Source("op", number)

    def _met(self, node: Node, value: Seen) -> Source:
        """Write down an op that ran where nobody looked on, or was forgotten."""
        if not self.has_room():
            return self.constant(f"{node.op.name}, {LEFT_OUT}", value)
        self.now.ops.append(_blank(node, value))
        return Source("op", self.known.add(node.number))

    # ---- for the way back -----------------------------------------------------------------
    def number(self, node: Node) -> int | None:
        """The op of a node, with what it read; None where there is no room for it."""
        number = self.known.op_of(node)
        if number is None:
            source = self._met(node, unseen(node.shape, node.dtype))
            if source.kind != "op":
                return None
            number = source.number
        if not (op := self.now.ops[number]).inputs:
            op.inputs = tuple(self._edge(e) for e in node.edges)
            op.names = _names(node.op, len(op.inputs))
        return number

    def _edge(self, edge: Edge | None) -> Source:
        """Where a gradient goes."""
        if edge is None:
            return self.constant("", unseen((), float))
        if isinstance(edge, Value):
            return self._leaf(edge)
        number = self.known.op_of(edge)
        if number is not None:
            return Source("op", number)
        return self._met(edge, unseen(edge.shape, edge.dtype))


def _blank(node: Node, value: Seen) -> Applied:
    return Applied(node.op.name, (), (), {}, (), (), shown(node.place).strip(" ()"), value)


def _names(op: Op, count: int) -> tuple[str, ...]:
    """What an op calls its inputs."""
    return tuple(map(str, range(count))) if op.variadic else op.inputs


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
