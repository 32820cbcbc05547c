"""Reverse mode: seeds at the outputs, one vjp at a time, newest node first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..kernels import GraphError
from .batched import pull
from .graph import collect, leading_to
from .hooks import run_hooks
from .mode import MODE
from .op import OUTPUT
from .ops.broadcast import unbroadcast
from .ops.elementwise import add
from .ops.shaping import astype
from .place import shown
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
    if edge is None or isinstance(edge, Value):
        return x if edge is None else edge
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
) -> dict[Edge, Any]:
    """The gradients of the leaves that the roots depend on, or of the `inputs` alone.

    Every vjp runs on raw arrays, or, with `create_graph`, on Tensors, so that its result can
    itself be differentiated. A node lets go of what it saved as soon as it is done, unless the
    graph is retained. With `rows`, seeds and gradients have a leading axis, of which each row
    is a gradient of its own; hooks do not see those.
    """
    nodes, leaves = collect(roots)
    ends = dict.fromkeys(inputs) or dict.fromkeys(leaves)  # by identity: == compares elements
    walk = _Walk(ends, retain_graph, create_graph, rows)
    for root, seed in zip(roots, seeds, strict=True):
        walk.add(root, seed)
    walk.back(nodes, leading_to(nodes, ends))
    return {end: walk.finished(end) for end in ends if end in walk.gradients}


class _Walk:
    """One walk back: the gradients known so far, by the edge they have reached."""

    def __init__(
        self, ends: dict[Edge, None], retain: bool, create_graph: bool, rows: bool
    ) -> None:
        self.ends, self.retain, self.create_graph, self.rows = ends, retain, create_graph, rows
        self.gradients: dict[Edge, Any] = {}

    def add(self, edge: Edge, g: Any) -> None:
        held = self.gradients
        held[edge] = add(held[edge], g) if edge in held else g

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
            again = node.replay()
            self.add(again, g)
            nodes, _ = collect([again], after=node.number)
            return self.back(nodes, leading_to(nodes, useful))
        for edge, given in _pulled(node, saved, g, useful, self.rows):
            self.add(edge, given)

    def finished(self, end: Edge) -> Any:
        """The gradient of an end; a leaf's after its hooks, a node's have run on the way."""
        g = self.gradients[end]
        is_seen = isinstance(end, Value) and end.hooks and not self.rows
        return run_hooks(end.hooks or [], g) if is_seen else g


def _pulled(
    node: Node, saved: Sequence[Any], g: Any, useful: set[Edge], rows: bool
) -> Iterator[tuple[Edge, Any]]:
    """The share of the gradient of each useful input of a node."""
    if (watcher := MODE.watcher) is not None:
        watcher.before_vjps(node)
    for i, vjp, names in node.plan.steps:
        edge = node.edges[i]
        if edge is not None and edge in useful:
            args = [
                saved[n] if n.__class__ is int else _named(n, g, edge, i, node) for n in names
            ]
            given = pull(node.op, vjp, names, args, edge.shape) if rows else vjp(*args)
            if watcher is not None:
                watcher.after_vjp(node, i, g, given)
            yield edge, _own(_fit(given, edge, rows), g, edge)


def _named(name: Any, g: Any, edge: Edge, index: int, node: Node) -> Any:
    if name == "g":
        return g
    if name == "input_shape":
        return edge.shape
    return index if name == "input_index" else node.params[name]


def _fit(g: Any, edge: Edge, rows: bool) -> Any:
    """A gradient in the shape and dtype of the value it belongs to."""
    if g.shape != edge.shape and not rows:
        g = unbroadcast(g, edge.shape)
    return g if g.dtype == edge.dtype else astype(g, edge.dtype)


def _own(given: Any, g: Any, edge: Edge) -> Any:
    """Leaves must not share the memory of a gradient with each other: what a vjp passed on
    without computing is copied there."""
    if isinstance(edge, Node):
        return given
    array = given.data if isinstance(given, Value) else given
    return astype(given, given.dtype) if given is g or array.base is not None else given
