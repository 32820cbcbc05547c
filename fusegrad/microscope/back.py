"""A way back, vjp by vjp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.op import Step
from ..engine.ops.broadcast import unbroadcast
from ..engine.sparse import SparseRows
from ..engine.tape import Edge, Node
from ..engine.value import Value
from ..kernels.device import is_cuda
from .forward import Ops
from .local import said, slope
from .passes import Change, Pull, Source
from .seen import as_array, seen
from .wrong_order import MOST, Again, again


class Back:
    """Writes down the vjps of one way back."""

    def __init__(self, ops: Ops) -> None:
        self.ops, self.began = ops, False
        self.sums: dict[Source, Any] = {}  # of the contributions so far
        self.reached: set[int] = set()
        self.probes: dict[int, tuple[Value, Callable[[Any], None]]] = {}
        # Each vjp once more; None where the pass is too large for that.
        self.again: list[Again] | None = []

    def pulled(self, node: Node, i: int, g: Any, given: Any, rows: bool) -> None:
        """Write down one vjp; with `rows`, of several gradients in a leading axis."""
        self.began = True
        edge, number = node.edges[i], self.ops.number(node)
        assert edge is not None
        given = _fitted(given, edge, rows)
        if number is None:
            self._came_in(edge, given)
            return
        step = next(step for step in node.plan.steps if step.at == i)
        source = self.ops.now.ops[number].inputs[i]
        self._arrived(number, as_array(g))
        self._pull(number, node, step, source, as_array(g), given)
        self._keep_again(node, step, edge, rows)
        if source.kind == "op" or (edge.hooks and not rows):
            self._add(source, given)
        if isinstance(edge, Value) and edge.hooks and not rows:
            self._probe(edge, source)

    def _came_in(self, edge: Edge, given: Any) -> None:
        """Note what comes from beyond the ops that are kept."""
        number = self.ops.known.op_of(edge) if isinstance(edge, Node) else None
        if number is not None:
            self.ops.now.roots.append((number, seen(given)))
            self._add(Source("op", number), given)

    def _add(self, source: Source, given: Any) -> None:
        known = self.sums.get(source)
        self.sums[source] = given if known is None else known + given

    def _pull(
        self, number: int, node: Node, step: Step, source: Source, g: Any, given: Any
    ) -> None:
        local = slope(node, step, g)
        known = None if local is None else seen(local)
        pull = Pull(number, step.at, source, seen(g), known, said(node, step), seen(given))
        self.ops.now.pulls.append(pull)

    def _arrived(self, number: int, g: np.ndarray) -> None:
        """Note where the way back began, and what was not passed on as it had come."""
        if number in self.reached:
            return
        self.reached.add(number)
        source = Source("op", number)
        total = self.sums.pop(source, None)
        if total is None:
            self.ops.now.roots.append((number, seen(g)))
        else:
            self._compare(source, total, g)

    def _compare(self, source: Source, total: Any, g: Any) -> None:
        if not np.array_equal(as_array(total), g, equal_nan=True):
            self.ops.now.changes.append(Change(source, seen(g)))

    def _probe(self, leaf: Value, source: Source) -> None:
        """See what the hooks of a leaf make of its gradient, once the way back is over."""
        if id(leaf) in self.probes or leaf.hooks is None:
            return

        def look(g: Any) -> None:
            self._compare(source, self.sums[source], as_array(g))

        leaf.hooks.append(look)
        self.probes[id(leaf)] = leaf, look

    def _keep_again(self, node: Node, step: Step, edge: Any, rows: bool) -> None:
        whole = self.ops.now.pulls[-1]
        is_whole = whole.upstream.values is not None and whole.contribution.values is not None
        is_moved = any(is_cuda(x) for x in node.saved or ())
        if rows or is_moved or not is_whole or len(self.ops.now.pulls) > MOST:
            self.again = None  # which held what the graph had saved
        if self.again is not None:
            self.again.append(again(node, step, edge))

    def finish(self) -> None:
        """Take away what was put beside hooks."""
        for leaf, look in self.probes.values():
            if leaf.hooks is not None and look in leaf.hooks:
                leaf.hooks.remove(look)
        self.probes = {}


def _fitted(given: Any, edge: Edge, rows: bool) -> Any:
    """What a vjp gave in the shape and dtype of what it goes to."""
    if isinstance(given, SparseRows):
        return given
    given = as_array(given)
    given = given if rows else unbroadcast(given, edge.shape)
    return given.astype(edge.dtype, copy=False)
