"""Reverse mode: seeds at the outputs, one vjp at a time, newest node first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..kernels import GraphError
from ..kernels.gather import add_at, may_repeat
from ..kernels.locking import is_view
from .batched import pull
from .graph import collect, leading_to
from .hooks import run_hooks
from .mode import MODE
from .op import OUTPUT
from .ops.broadcast import unbroadcast
from .ops.indexing import GETITEM
from .ops.shaping import IDENTITY, astype
from .place import shown
from .sparse import SparseRows, total
from .tape import Edge, Node
from .value import Value, view_of, wrap


def saved_values(node: Node, differentiable: bool) -> list[Any]:
    """What a node saved, as arrays or, to differentiate through, as Tensors of the same graph.

    Raises: GraphError where a leaf whose values were saved has changed since.
    """
    assert node.saved is not None
    for held in node.versions:
        if held is not None and held[0].version != held[1]:
            _refuse_change(node, *held)
    if not differentiable:
        return list(node.saved)
    return [
        _as_value(x, node if i == OUTPUT else node.edges[i], held)
        for i, x, held in zip(node.plan.save, node.saved, node.versions)
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
        plan = IDENTITY.plan((True,))
        assert plan is not None
        return wrap(x, Node(IDENTITY, plan, (edge,), (x,), x, {}))
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
        walk.add(root, seed)
    walk.back(nodes, leading_to(nodes, ends))
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

    def add(self, edge: Edge, g: Any) -> None:
        held = self.gradients
        held[edge] = total(held[edge], g) if edge in held else g

    def back(self, nodes: Sequence[Node], useful: set[Edge]) -> None:
        """Visit nodes, newest first."""
        for node in nodes:
            if node in self.gradients and node in useful:
                self.visit(node, useful)
            if not self.retain:
                node.free()

    def visit(self, node: Node, useful: set[Edge]) -> None:
        """Give every input of a node its share of the gradient."""
        g = self.gradients[node] if node in self.ends else self.gradients.pop(node)
        if node.hooks and not self.rows:
            g = run_hooks(node.hooks, g)
            if node in self.ends:
                self.gradients[node] = g
        saved = saved_values(node, self.create_graph)
        if node.replay is not None:
            return self.again(node, node.replay(), g, useful)
        if self.watcher is not None:
            self.watcher.before_vjps(node)
        held, edges = self.gradients, node.edges
        for step in node.plan.steps:
            edge = edges[step[0]]
            if edge in useful and not self.added_in_place(node, g, edge):
                given = self.share(node, saved, step, g, edge)
                held[edge] = total(held[edge], given) if edge in held else given
                if node.op is GETITEM:
                    self.own.add(edge)

    def added_in_place(self, node: Node, g: Any, edge: Edge) -> bool:
        """Add what x[index] passes back to x's gradient where it stands, if that is an array of
        our own: T steps that each read an x[t] then write one gradient of x, and not T."""
        is_seen = self.create_graph or self.rows or self.watcher is not None
        if is_seen or edge not in self.own or node.op is not GETITEM:
            return False
        index = node.params["index"]
        if may_repeat(index):
            return False
        add_at(self.gradients[edge], g, index=index)
        return True

    def again(self, node: Node, root: Node, g: Any, useful: set[Edge]) -> None:
        """Go back through a graph that a node stood for, in that node's place."""
        self.add(root, g)
        nodes, _ = collect([root], after=node.number)
        self.back(nodes, leading_to(nodes, useful))

    def share(self, node: Node, saved: Sequence[Any], step: Any, g: Any, edge: Any) -> Any:
        """What one input of a node gets of its gradient."""
        i, vjp, names = step
        args = [
            saved[n] if n.__class__ is int else g if n == "g" else self.named(n, edge, i, node)
            for n in names
        ]
        given = pull(node.op, vjp, names, args, edge.shape) if self.rows else vjp(*args)
        if self.watcher is not None:
            self.watcher.after_vjp(node, i, g, given)
        if given.shape != edge.shape and not self.rows:
            given = unbroadcast(given, edge.shape)
        if given.dtype != edge.dtype:
            given = astype(given, edge.dtype)
        return _own(given, g) if isinstance(edge, Value) else given

    def named(self, name: Any, edge: Edge, index: int, node: Node) -> Any:
        """What a vjp asks for by name. `sparse` holds only where rows may arrive: at a leaf
        without hooks, since ops and hooks take whole gradients."""
        if name == "input_shape":
            return edge.shape
        if name == "sparse":
            may_arrive = self.sparse and isinstance(edge, Value) and not edge.hooks
            return may_arrive and node.params[name]
        return index if name == "input_index" else node.params[name]

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
