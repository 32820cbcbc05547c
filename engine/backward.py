"""Reverse mode: seeds at the outputs, one vjp at a time, newest node first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..kernels import GraphError
from .batched import pull
from .broadcast import unbroadcast
from .elementwise import add
from .hooks import run_hooks
from .op import OUTPUT
from .shaping import astype
from .tape import Edge, Node
from .value import Value, view_of, wrap


def collect(roots: Sequence[Edge]) -> tuple[list[Node], set[Value]]:
    """All nodes reachable from the roots, newest first, and all leaves.

    Raises: GraphError where the graph, or a part of it, was freed.
    """
    nodes: set[Node] = set()
    leaves: set[Value] = set()
    stack = list(roots)
    while stack:
        edge = stack.pop()
        if isinstance(edge, Value):
            leaves.add(edge)
        elif edge not in nodes:
            _check_held(edge)
            nodes.add(edge)
            stack.extend(e for e in edge.edges if e is not None)
    return sorted(nodes, key=lambda n: -n.number), leaves


def leading_to(nodes: Sequence[Node], inputs: Iterable[Edge]) -> set[Edge]:
    """The inputs, and those of `nodes` (newest first) through which a gradient reaches them."""
    useful: set[Edge] = set(inputs)
    for node in reversed(nodes):
        if any(e in useful for e in node.edges):
            useful.add(node)
    return useful


def _check_held(node: Node) -> None:
    if node.saved is None:
        raise GraphError(
            "backward",
            "a graph that still holds its saved arrays",
            f"one freed by an earlier backward (at {node.op.name})",
            "pass retain_graph=True to the first, or run forward again",
        )


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
        for i, x, held in zip(node.plan.save, node.saved, node.versions, strict=True)
    ]


def _refuse_change(node: Node, leaf: Value, version: int) -> None:
    raise GraphError(
        f"backward of {node.op.name}",
        f"the value of {leaf.name or 'a leaf'} that the forward pass saw",
        f"one changed {leaf.version - version} time(s) since",
        "call backward before the update, or run forward again",
    )


def _as_value(x: Any, edge: Edge | None, held: tuple[Value, int] | None) -> Any:
    if edge is None or isinstance(edge, Value):
        return x if edge is None else edge
    value = wrap(x, edge)
    return value if held is None else view_of(value, held[0])


def free(node: Node) -> None:
    """Let go of what a node saved and of the graph behind it; a later backward will say so."""
    node.saved, node.edges, node.versions = None, (), ()


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
    useful = leading_to(nodes, ends)
    gradients: dict[Edge, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        _add(gradients, root, seed)
    for node in nodes:
        if node in gradients and node in useful:
            g = gradients[node] if node in ends else gradients.pop(node)
            if node.hooks and not rows:
                g = run_hooks(node.hooks, g)
                if node in ends:
                    gradients[node] = g
            for edge, given in _pulled(node, g, useful, create_graph, rows):
                _add(gradients, edge, given)
        if not retain_graph:
            free(node)
    return {end: _seen(end, gradients[end], rows) for end in ends if end in gradients}


def _seen(end: Edge, g: Any, rows: bool) -> Any:
    """The gradient of a leaf after its hooks; those of a node have run on the way."""
    return run_hooks(end.hooks, g) if end.hooks and isinstance(end, Value) and not rows else g


def _pulled(
    node: Node, g: Any, useful: set[Edge], create_graph: bool, rows: bool
) -> Iterator[tuple[Edge, Any]]:
    """The share of the gradient of each useful input of a node."""
    saved = saved_values(node, create_graph)
    for i, vjp, names in node.plan.steps:
        edge = node.edges[i]
        if edge is not None and edge in useful:
            args = [
                saved[n] if n.__class__ is int else _named(n, g, edge, i, node) for n in names
            ]
            given = pull(node.op, vjp, names, args, edge.shape) if rows else vjp(*args)
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


def _add(gradients: dict[Edge, Any], edge: Edge, g: Any) -> None:
    gradients[edge] = add(gradients[edge], g) if edge in gradients else g
