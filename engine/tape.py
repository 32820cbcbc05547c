"""The tape: a graph that hangs on its outputs, and the walk back along it.

A `Node` is one application of an op. It knows the nodes or leaves its inputs came from (edges),
so a graph lives exactly as long as a value that was computed from it. Nodes carry a creation
number; walking in falling order meets every node after all its uses, without recursion.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..kernels import GraphError, ShapeError
from .op import OUTPUT, Op, Plan

_numbers = itertools.count()


class _State(threading.local):
    recording = True


_state = _State()


class Value:
    """An array and where it came from. `Tensor` adds the operators."""

    __slots__ = ("__weakref__", "data", "grad", "name", "node", "requires_grad", "version")

    data: Any
    requires_grad: bool
    node: Node | None
    grad: Any
    version: int
    name: str

    def receive(self, g: Any, accumulate: bool = False) -> None:
        """Take a gradient into `grad`, adding where one is there already."""
        g = g if isinstance(g, Value) else _output[0](g, None)
        self.grad = self.grad + g if accumulate and self.grad is not None else g

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype


class Node:
    """One application of an op: where its inputs came from, and what its vjps will read."""

    __slots__ = (
        "dtype",
        "edges",
        "number",
        "op",
        "params",
        "plan",
        "saved",
        "shape",
        "versions",
        "watcher",
    )

    def __init__(
        self, op: Op, plan: Plan, args: Sequence[Any], y: Any, params: dict[str, Any]
    ) -> None:
        self.op, self.plan, self.params = op, plan, params
        self.edges = tuple(_edge(a) for a in args)
        self.saved: tuple[Any, ...] | None = tuple(
            y if i == OUTPUT else _array(args[i]) for i in plan.save
        )
        self.versions = tuple(
            (a, a.version)
            for a in (args[i] for i in plan.save if i != OUTPUT)
            if isinstance(a, Value) and not a.node
        )
        self.number = next(_numbers)
        self.shape, self.dtype = y.shape, y.dtype
        self.watcher: Callable[[], Value | None] | None = None


Edge = Node | Value


def _edge(x: Any) -> Edge | None:
    return (x.node or x) if isinstance(x, Value) and x.requires_grad else None


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


_output: list[Callable[[Any, Node | None], Value]] = []


def output_type(make: Callable[[Any, Node | None], Value]) -> None:
    """How `apply` wraps an array; `tensor.py` gives it the Tensor that it cannot import."""
    _output[:] = [make]


def apply(op: Op, *args: Any, **params: Any) -> Any:
    """Run an op. On raw arrays it computes and returns a raw array; where a Tensor takes part
    it returns a Tensor, recorded if a gradient may be asked for.

    Raises: ShapeError where the arrays do not fit.
    """
    try:
        y = op.kernel(*[a.data if isinstance(a, Value) else a for a in args], **params)
    except (ValueError, IndexError) as error:
        shapes = ", ".join(str(np.shape(_array(a))) for a in args)
        got = " and ".join([shapes, *(f"{k}={v}" for k, v in params.items())])
        raise ShapeError(op.name, op.expects, got, op.repair) from error
    if not any([isinstance(a, Value) for a in args]):
        return y
    node = None
    if _state.recording:
        needs = tuple([isinstance(a, Value) and a.requires_grad for a in args])
        if True in needs and (plan := op.plan(needs)) is not None:
            node = Node(op, plan, args, y, params)
    return _output[0](y, node)


def is_recording() -> bool:
    """Whether ops on Tensors that require a gradient are recorded now."""
    return _state.recording


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: nothing done in this block can be differentiated."""
    before, _state.recording = _state.recording, False
    try:
        yield
    finally:
        _state.recording = before


def collect(roots: Sequence[Edge]) -> tuple[list[Node], set[Value]]:
    """All nodes reachable from the roots, newest first, and all leaves."""
    nodes: set[Node] = set()
    leaves: set[Value] = set()
    stack = list(roots)
    while stack:
        edge = stack.pop()
        if isinstance(edge, Value):
            leaves.add(edge)
        elif edge not in nodes:
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


def saved_values(node: Node, differentiable: bool) -> list[Any]:
    """What a node saved, as arrays or, to differentiate through, as Tensors of the same graph.

    Raises: GraphError where the graph was freed, or a saved leaf changed since.
    """
    if node.saved is None:
        raise GraphError(
            "backward",
            "a graph that still holds its saved arrays",
            f"one freed by an earlier backward (at {node.op.name})",
            "pass retain_graph=True to the first, or run forward again",
        )
    for leaf, version in node.versions:
        if leaf.version != version:
            raise GraphError(
                f"backward of {node.op.name}",
                f"the value of {leaf.name or 'a leaf'} that the forward pass saw",
                f"one changed {leaf.version - version} time(s) since",
                "call backward before the update, or run forward again",
            )
    if not differentiable:
        return list(node.saved)
    return [
        _as_value(x, node if i == OUTPUT else node.edges[i])
        for i, x in zip(node.plan.save, node.saved, strict=True)
    ]


def _as_value(x: Any, edge: Edge | None) -> Any:
    return x if edge is None else edge if isinstance(edge, Value) else _output[0](x, edge)


def free(node: Node) -> None:
    """Let go of what a node saved and of the graph behind it; a later backward will say so."""
    node.saved, node.edges, node.versions = None, (), ()


def watch(node: Node, value: Value) -> None:
    """Keep the gradient of an interior value: it arrives in `value.grad`."""
    node.watcher = weakref.ref(value)
