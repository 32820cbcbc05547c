"""Graphs as they hang on their outputs: what is reachable, what matters, what is let go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from ..kernels import GraphError
from ..kernels.locking import memory_of
from .place import shown
from .tape import Edge, Node
from .value import Value

NUMBER = attrgetter("number")


def collect(roots: Sequence[Edge], after: int = -1) -> tuple[list[Node], set[Any]]:
    """All nodes reachable from the roots that were made after a number, newest first; and where
    they end: leaves and older nodes.

    Raises: GraphError where the graph, or a part of it, was freed.
    """
    nodes: list[Node] = []
    leaves: set[Edge] = set()
    seen, stack = set(roots), list(set(roots))
    while stack:
        edge = stack.pop()
        if isinstance(edge, Value) or edge.number < after:
            leaves.add(edge)
            continue
        if edge.saved is None:
            _refuse_freed(edge)
        nodes.append(edge)
        for e in edge.edges:
            if e is not None and e not in seen:
                seen.add(e)
                stack.append(e)
    nodes.sort(key=NUMBER, reverse=True)
    return nodes, leaves


def leading_to(nodes: Sequence[Node], inputs: Iterable[Edge]) -> set[Edge]:
    """The inputs, and those of `nodes` (newest first) through which a gradient reaches them."""
    useful: set[Edge] = set(inputs)
    for node in reversed(nodes):
        if any(e in useful for e in node.edges):
            useful.add(node)
    return useful


def _refuse_freed(node: Node) -> None:
    raise GraphError(
        "backward",
        "a graph that still holds its saved arrays",
        f"one freed by an earlier backward, at {node.op.name}{shown(node.place)}",
        "pass retain_graph=True to the first, or run forward again",
    )


def saved_bytes(y: Value) -> int:
    """How many bytes the graph of y holds for the way back: every array that some op saved,
    once, and the indices of those that look up or move elements; without those of leaves,
    which are there anyway, and without the Python objects around them, under 1 KB an op.

    >>> from .tensor import Tensor
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> saved_bytes((x * x).sum()), saved_bytes((x * 2.0) * (x * 3.0))
    (0, 32)
    """
    nodes, leaves = collect([y.node]) if y.node else ([], set())
    held = {id(m): m for n in nodes for m in held_by(n)}
    owned = {id(memory_of(x.data)) for x in leaves}
    return sum(int(m.nbytes) for k, m in held.items() if k not in owned)


def held_by(node: Node) -> Iterator[Any]:
    """The memories of the arrays that a node holds for its vjps."""
    for x in (*(node.saved or ()), *_arrays(tuple(node.params.values()))):
        memory = memory_of(x)
        if hasattr(memory, "nbytes"):
            yield memory


def _arrays(values: tuple[Any, ...]) -> Iterator[Any]:
    """The arrays among the parameters of an op, as in an index of several."""
    for value in values:
        if isinstance(value, tuple):
            yield from _arrays(value)
        elif hasattr(value, "nbytes") and value.shape:
            yield value
