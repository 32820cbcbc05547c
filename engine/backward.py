"""Reverse mode: seeds at the outputs, one vjp at a time, newest node first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import repeat
from typing import Any

import numpy as np

from ..kernels import GraphError
from ..kernels.gather import add_at, add_to, may_repeat
from ..kernels.locking import is_view
from .batched import pull
from .graph import collect, leading_to
from .hooks import run_hooks
from .mode import MODE, within
from .op import OPS, OUTPUT, Step
from .ops.broadcast import unbroadcast
from .ops.indexing import GETITEM
from .ops.shaping import IDENTITY, astype
from .place import shown
from .sparse import SparseRows, total
from .tape import Edge, Node, node_of
from .value import Value, view_of, wrap

ADD = OPS["add"].kernel
UNSEEN = nullcontext()


def saved_values(node: Node, differentiable: bool) -> Sequence[Any]:
    """What a node saved, as arrays or, to differentiate through, as Tensors of the same graph.

    Raises: GraphError where a leaf whose values were saved has changed since.
    """
    assert node.saved is not None
    for held in node.versions or ():
        if held is not None and held[0].version != held[1]:
            _refuse_change(node, *held)
    if not differentiable:
        return node.saved
    return [
        _as_value(x, node if i == OUTPUT else node.edges[i], held)
        for i, x, held in zip(node.plan.save, node.saved, node.versions or repeat(None))
    ]


def _refuse_change(node: Node, leaf: Value, version: int) -> None:
    raise GraphError(
        f"backward of {node.op.name}{shown(node.place)}",
        f"the value of {leaf.name or 'a leaf'}{shown(leaf.place)} that the forward pass saw",
        f"one changed {leaf.version - version} time(s) since",
        "call backward before the update, or run forward again",
    )


def _as_value(x: Any, edge: Edge | None, held: tuple[Value, int] | None) -> Any:
    if edge is None or (isinstance(edge, Value) and edge.data is x):
        return x if edge is None else edge
    if isinstance(edge, Value):  # a leaf in other memory than what was saved of it
        plan = IDENTITY.plan(1)
        assert plan is not None
        return wrap(x, node_of(IDENTITY, plan, (edge,), x, {}))
    value = wrap(x, edge)
    return value if held is None else view_of(value, held[0])


def backpropagate(
    roots: Sequence[Edge],
    seeds: Sequence[Any],
    *,
    inputs: Sequence[Edge] = (),
    retain_graph: bool = False,
    create_graph: bool = False,
    rows: bool = False,
    sparse: bool = False,
    after: int = -1,
) -> dict[Edge, Any]:
    """The gradients of the leaves that the roots depend on, or of the `inputs` alone.

    Every vjp runs on raw arrays, or, with `create_graph`, on Tensors, so that its result can
    itself be differentiated. A node lets go of what it saved as soon as it is done, unless the
    graph is retained. With `rows`, seeds and gradients have a leading axis, of which each row
    is a gradient of its own; hooks do not see those. With `sparse`, a leaf without hooks may
    get `SparseRows`, unless with `create_graph`. Nodes made before `after` are left alone.
    """
    nodes, leaves = collect(roots, after)
    ends = dict.fromkeys(inputs) or dict.fromkeys(leaves)  # by identity: == compares elements
    walk = _Walk(ends, retain_graph, create_graph, rows, sparse and not (create_graph or rows))
    for root, seed in zip(roots, seeds, strict=True):
        # As an array of this walk: one that was seen before, and written to since, could be
        # taken for what it was.
        walk.add(root, seed.view() if seed.__class__ is np.ndarray else seed)
    useful = leading_to(nodes, ends) if inputs else None
    with within(walk) if walk.watcher is not None else UNSEEN:
        walk.back(nodes, useful)
    return {end: walk.finished(end) for end in ends if end in walk.gradients}


class _Walk:
    """One walk back: the gradients known so far, by the edge they have reached."""

    def __init__(
        self,
        ends: dict[Edge, None],
        retain: bool,
        create_graph: bool,
        rows: bool,
        sparse: bool,
    ) -> None:
        self.ends, self.retain, self.create_graph = ends, retain, create_graph
        self.rows, self.sparse = rows, sparse
        self.gradients: dict[Edge, Any] = {}
        self.own: set[Edge] = set()  # where the gradient is an array that nobody else holds
        self.watcher = MODE.watcher
        self.on_arrays = not (create_graph or rows or self.watcher is not None)

    def add(self, edge: Edge, g: Any) -> None:
        """Add a gradient to what an edge has; in place where that is an array of our own."""
        held = self.gradients
        if edge not in held:
            held[edge] = g
        elif not (self.on_arrays and held[edge].__class__ is g.__class__ is np.ndarray):
            held[edge] = total(held[edge], g)
        elif edge in self.own:
            add_to(held[edge], g)
        else:
            held[edge] = ADD(held[edge], g)
            self.own.add(edge)

    def back(self, nodes: Sequence[Node], useful: set[Edge] | None) -> None:
        """Visit nodes, newest first; no set of useful edges means that all are."""
        gradients, free = self.gradients, not self.retain
        for node in nodes:
            if node in gradients and (useful is None or node in useful):
                self.visit(node, useful)
            if free:
                node.free()

    def visit(self, node: Node, useful: set[Edge] | None) -> None:
        """Give every input of a node its share of the gradient."""
        g = self.gradients[node] if node in self.ends else self.gradients.pop(node)
        if node.hooks and not self.rows:
            g = run_hooks(node.hooks, g)
            if node in self.ends:
                self.gradients[node] = g
        saved: Any = node.saved
        if node.versions is not None or self.create_graph:
            saved = saved_values(node, self.create_graph)
        if not self.on_arrays or node.op is GETITEM or node.replay is not None:
            return self.visit_apart(node, (g, *saved), useful)
        held, values, edges = self.gradients, (g, *saved), node.edges
        for step in node.plan.steps:
            edge: Any = edges[step[0]]
            if useful is None or edge in useful:
                given = self.share(node, values, step, edge)
                if edge in held:
                    self.add(edge, given)
                else:
                    held[edge] = given

    def visit_apart(self, node: Node, values: Sequence[Any], useful: set[Edge] | None) -> None:
        """The same where a gradient is more than an array, or somebody looks on, and for nodes
        that stand for a graph, or add in place."""
        if node.replay is not None:
            return self.again(node, node.replay(), values[0], useful)
        if self.watcher is not None:
            self.watcher.before_vjps(node)
        for step in node.plan.steps:
            edge: Any = node.edges[step.at]
            if useful is None or edge in useful:
                if not self.added_in_place(node, values[0], edge):
                    self.add(edge, self.share(node, values, step, edge))
                if node.op is GETITEM:
                    self.own.add(edge)

    def added_in_place(self, node: Node, g: Any, edge: Edge) -> bool:
        """Add what x[index] passes back to x's gradient where it stands, if that is an array of
        our own: T steps that each read an x[t] then write one gradient of x, and not T."""
        if not self.on_arrays or edge not in self.own or node.op is not GETITEM:
            return False
        index = node.params["index"]
        if may_repeat(index):
            return False
        add_at(self.gradients[edge], g, index=index)
        return True

    def again(self, node: Node, root: Node, g: Any, useful: set[Edge] | None) -> None:
        """Go back through a graph that a node stood for, in that node's place."""
        self.add(root, g)
        nodes, _ = collect([root], after=node.number)
        self.back(nodes, None if useful is None else leading_to(nodes, useful))

    def share(self, node: Node, values: Sequence[Any], step: Step, edge: Any) -> Any:
        """What one input of a node gets of its gradient, the first of the values."""
        _, _, _, on_arrays, pick = step
        if pick is not None and self.on_arrays:
            given = on_arrays(*pick(values))
        else:
            given = self.asked(node, values, step, edge)
        if given.shape != edge.shape and not self.rows:
            given = unbroadcast(given, edge.shape)
        if given.dtype is not (dtype := edge.dtype) and given.dtype != dtype:
            given = astype(given, dtype)
        return _own(given, values[0]) if isinstance(edge, Value) else given

    def asked(self, node: Node, values: Sequence[Any], step: Step, edge: Any) -> Any:
        """The same where a vjp asks for more, or works on more than arrays."""
        g, names = values[0], step.names
        args = [
            values[n + 1]
            if n.__class__ is int
            else g
            if n == "g"
            else self.named(n, edge, step, node)
            for n in names
        ]
        if self.rows:
            given = pull(node.op, step.vjp, names, args, edge.shape)
        else:
            given = (step.on_arrays if self.on_arrays else step.vjp)(*args)
        if self.watcher is not None:
            self.watcher.after_vjp(node, step.at, g, given)
        return given

    def named(self, name: Any, edge: Edge, step: Step, node: Node) -> Any:
        """What a vjp asks for by name. `sparse` holds only where rows may arrive: at a leaf
        without hooks, since ops and hooks take whole gradients."""
        if name == "input_shape":
            return edge.shape
        if name == "sparse":
            may_arrive = self.sparse and isinstance(edge, Value) and not edge.hooks
            return may_arrive and node.params[name]
        return step.at if name == "input_index" else node.params[name]

    def finished(self, end: Edge) -> Any:
        """The gradient of an end; a leaf's after its hooks, a node's have run on the way."""
        g = self.gradients[end]
        is_seen = isinstance(end, Value) and end.hooks and not self.rows
        return run_hooks(end.hooks or [], g) if is_seen else g


def _own(given: Any, g: Any) -> Any:
    """Leaves must not share the memory of a gradient with each other: what a vjp passed on
    without computing is copied there."""
    if isinstance(given, SparseRows):  # which copied it
        return given
    array = given.data if isinstance(given, Value) else given
    return astype(given, given.dtype) if given is g or is_view(array) else given
