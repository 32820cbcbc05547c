"""Reverse mode: seeds at the outputs, one vjp at a time, newest node first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..kernels.shape import copy
from .broadcast import unbroadcast
from .elementwise import add
from .shaping import astype
from .tape import Edge, Node, Value, collect, free, leading_to, saved_values


def backpropagate(
    roots: Sequence[Edge],
    seeds: Sequence[Any],
    *,
    inputs: Sequence[Edge] = (),
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Edge, Any]:
    """The gradients of the leaves that the roots depend on, or of the `inputs` alone.

    Every vjp runs on raw arrays, or, with `create_graph`, on Tensors, so that its result can
    itself be differentiated. A node lets go of what it saved as soon as it is done, unless the
    graph is retained.
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
            _visit(node, g, gradients, useful, create_graph)
        if not retain_graph:
            free(node)
    return {edge: gradients[edge] for edge in ends if edge in gradients}


def _visit(
    node: Node, g: Any, gradients: dict[Edge, Any], useful: set[Edge], create_graph: bool
) -> None:
    """Give every input of a node its share of the gradient."""
    if node.watcher is not None and (value := node.watcher()) is not None:
        value.receive(g)
    saved = saved_values(node, create_graph)
    for i, vjp, names in node.plan.steps:
        edge = node.edges[i]
        if edge is not None and edge in useful:
            args = [
                saved[n] if n.__class__ is int else _named(n, g, edge, i, node) for n in names
            ]
            _add(gradients, edge, _own(_fit(vjp(*args), edge), g, edge))


def _named(name: Any, g: Any, edge: Edge, index: int, node: Node) -> Any:
    if name == "g":
        return g
    if name == "input_shape":
        return edge.shape
    return index if name == "input_index" else node.params[name]


def _fit(g: Any, edge: Edge) -> Any:
    """A gradient in the shape and dtype of the value it belongs to."""
    if g.shape != edge.shape:
        g = unbroadcast(g, edge.shape)
    return g if g.dtype == edge.dtype else astype(g, edge.dtype)


def _own(given: Any, g: Any, edge: Edge) -> Any:
    """Leaves must not share the memory of a gradient with each other: what a vjp passed on
    without computing is copied there."""
    if isinstance(edge, Node) or isinstance(given, Value):
        return given
    return copy(given) if given is g or given.base is not None else given


def _add(gradients: dict[Edge, Any], edge: Edge, g: Any) -> None:
    gradients[edge] = add(gradients[edge], g) if edge in gradients else g
