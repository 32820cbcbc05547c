"""Looks on at ops, modules and the way back, and writes down what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.op import Op, Step
from ..engine.ops.broadcast import unbroadcast
from ..engine.place import shown
from ..engine.tape import Node
from ..engine.value import Value
from ..nn import Module
from .local import said, slope
from .names import Names
from .passes import Applied, Leaf, Pass, Pull, Source
from .seen import as_array, seen
from .wrong_order import Again, again, wrong_order

MOST = 5_000  # ops of a pass that are kept


class Watcher:
    """Records one pass after another; `ended` is told when one is whole.

    A pass begins with the first op, and ends where an op runs after its way back began, where
    an optimizer steps, or with the recording.
    """

    def __init__(self, names: Names, wanted: frozenset[int]) -> None:
        self.names, self.wanted, self.count = names, wanted, 0
        self.running: list[tuple[Module, str, int]] = []
        self.calls = 0
        self.passes: list[Pass] = []
        self._begin()

    def _begin(self) -> None:
        self.now = Pass(self.count)
        self.numbers: dict[Node, int] = {}
        self.leaves: dict[int, tuple[Value, int]] = {}
        self.reached: set[Node] = set()
        self.again: list[Again] = []

    @property
    def is_done(self) -> bool:
        """Whether no later pass is wanted."""
        return self.count > max(self.wanted, default=-1)

    def finish(self) -> None:
        """Close the pass that is running, if it went back."""
        if self.now.pulls:
            if self.count in self.wanted:
                self.now.wrong = wrong_order(self.now, self.again)
                self.passes.append(self.now)
            self.count += 1
        self._begin()

    # ---- modules --------------------------------------------------------------------------
    def begins(self, module: Module) -> None:
        parent = self.running[-1][0] if self.running else None
        if parent is None:
            self.names.root(module)
        self.calls += 1
        self.running.append((module, self.names.step(parent, module), self.calls))

    def ended(self, module: Module) -> None:
        self.running.pop()

    # ---- forward --------------------------------------------------------------------------
    def after_forward(
        self, op: Op, args: Sequence[Any], params: Any, y: Any, node: Node | None
    ) -> None:
        """Write down an op that a gradient may be asked of."""
        if self.now.pulls:
            self.finish()
        if node is None or self.is_done:
            return
        if len(self.now.ops) >= MOST:
            self.now.left_out += 1
            return
        self.numbers[node] = len(self.now.ops)
        self.now.ops.append(
            Applied(
                op.name,
                tuple(self._source(a) for a in args),
                op.inputs if not op.variadic else tuple(f"{k}" for k in range(len(args))),
                {name: _short(value) for name, value in params.items()},
                tuple(name for _, name, _ in self.running),
                tuple(call for _, _, call in self.running),
                shown(node.place).strip(" ()"),
                seen(y),
            )
        )

    def _source(self, a: Any) -> Source:
        if isinstance(a, Value) and a.node in self.numbers:
            return Source("op", self.numbers[a.node])
        if isinstance(a, Value) and a.requires_grad and a.node is None:
            return self._leaf(a)
        name = a.name if isinstance(a, Value) else ""
        self.now.constants.append(Leaf(name, seen(a), False))
        return Source("constant", len(self.now.constants) - 1)

    def _leaf(self, a: Value) -> Source:
        if id(a) not in self.leaves:
            assert isinstance(a, Tensor)
            self.leaves[id(a)] = a, len(self.now.leaves)
            self.now.leaves.append(Leaf(self.names.of(a), seen(a), True))
        return Source("leaf", self.leaves[id(a)][1])

    # ---- the way back ---------------------------------------------------------------------
    def before_vjps(self, node: Node) -> None:
        """Nothing is to be done before the vjps of a node."""

    def after_vjp(self, node: Node, i: int, g: Any, given: Any) -> None:
        """Write down one vjp."""
        if node not in self.numbers:
            return
        if node not in self.reached and not self._has_gradient(self.numbers[node]):
            self.now.roots.append((self.numbers[node], seen(g)))
        self.reached.add(node)
        step, edge = next(step for step in node.plan.steps if step.at == i), node.edges[i]
        assert edge is not None
        self.again.append(again(node, step, edge))
        self.now.pulls.append(self._pull(node, step, edge, g, given))

    def _pull(self, node: Node, step: Step, edge: Any, g: Any, given: Any) -> Pull:
        given = unbroadcast(as_array(given), edge.shape).astype(edge.dtype, copy=False)
        factor = slope(node, step, as_array(g), node.saved or ())
        return Pull(
            self.numbers[node],
            step.at,
            self._back(edge),
            seen(g),
            None if factor is None else seen(np.broadcast_to(factor, node.shape)),
            said(node, step),
            seen(given),
        )

    def _has_gradient(self, number: int) -> bool:
        return any(pull.source == ("op", number) for pull in self.now.pulls)

    def _back(self, edge: Any) -> Source:
        if isinstance(edge, Node):
            return Source("op", self.numbers[edge])
        return self._leaf(edge)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
