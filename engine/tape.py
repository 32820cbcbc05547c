"""The tape: a graph that hangs on its outputs.

A `Node` is one application of an op. It knows the nodes or leaves its inputs came from (edges),
so a graph lives exactly as long as a value that was computed from it. Nodes carry a creation
number; walking in falling order meets every node after all its uses, without recursion.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from ..kernels import DTypeError, ShapeError
from ..kernels.shape import copy
from .op import OUTPUT, Op, Plan

_numbers = itertools.count()


class _State(threading.local):
    recording = True


_state = _State()


class Value:
    """An array and where it came from. `Tensor` adds the operators."""

    __slots__ = (
        "__weakref__",
        "data",
        "grad",
        "name",
        "node",
        "owner",
        "requires_grad",
        "version",
    )

    data: Any
    requires_grad: bool
    node: Node | None
    grad: Any
    version: int
    name: str
    owner: Value | None  # whose memory this is a view of

    def receive(self, g: Any, accumulate: bool = False) -> None:
        """Take a gradient into `grad`, adding where one is there already."""
        g = g if isinstance(g, Value) else wrap(g, None)
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
        self.versions = tuple(_version(args[i]) if i != OUTPUT else None for i in plan.save)
        self.number = next(_numbers)
        self.shape, self.dtype = y.shape, y.dtype
        self.watcher: Callable[[], Value | None] | None = None


Edge = Node | Value


def _edge(x: Any) -> Edge | None:
    return (x.node or x) if isinstance(x, Value) and x.requires_grad else None


def _array(x: Any) -> Any:
    """What to save of an operand: of a user's own array a copy, since it may change."""
    if isinstance(x, Value):
        return x.data
    return copy(x) if hasattr(x, "base") else np.array(x) if isinstance(x, list) else x


def _version(x: Any) -> tuple[Value, int] | None:
    """The leaf whose memory x holds, and how often that has changed; None if nothing can."""
    if not isinstance(x, Value):
        return None
    owner = x.owner if x.owner is not None else None if x.node else x
    return None if owner is None else (owner, owner.version)


def view_of(value: Value, source: Value) -> Value:
    """Note that a value lives in the memory of another, and changes with it."""
    value.owner = source if source.owner is None else source.owner
    return value


def _memory(array: Any) -> Any:
    """The array that owns the memory of an array."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


_output: list[Callable[[Any, Node | None], Value]] = []


def output_type(make: Callable[[Any, Node | None], Value]) -> None:
    """How `apply` wraps an array; `tensor.py` gives it the Tensor that it cannot import."""
    _output[:] = [make]


def wrap(array: Any, node: Node | None) -> Value:
    """A Value of the output type around an array of ours."""
    return _output[0](array, node)


def apply(op: Op, *args: Any, **params: Any) -> Any:
    """Run an op. On raw arrays it computes and returns a raw array; where a Tensor takes part
    it returns a Tensor, recorded if a gradient may be asked for.

    Raises: ShapeError where the arrays do not fit.
    """
    try:
        y = op.kernel(*[a.data if isinstance(a, Value) else a for a in args], **params)
    except (ValueError, IndexError) as error:
        raise _refusal(op, args, params, error) from error
    if not any([isinstance(a, Value) for a in args]):
        return y
    node = None
    if _state.recording:
        needs = tuple([isinstance(a, Value) and a.requires_grad for a in args])
        if True in needs and (plan := op.plan(needs)) is not None:
            node = Node(op, plan, args, y, params)
    value = wrap(y, node)
    if y.base is not None:
        for a in args:
            if isinstance(a, Value) and _memory(a.data) is _memory(y):
                return view_of(value, a)
    return value


def _refusal(
    op: Op, args: Sequence[Any], params: dict[str, Any], error: Exception
) -> Exception:
    """What NumPy refused, in the words of the op."""
    if "negative integer powers" in str(error):  # no matter of shapes
        return DTypeError(op.name, "floats", "integers", "convert one with astype")
    shapes = ", ".join(str(np.shape(a.data if isinstance(a, Value) else a)) for a in args)
    got = " and ".join([shapes, *(f"{k}={v}" for k, v in params.items())])
    return ShapeError(op.name, op.expects, got, op.repair)


def is_recording() -> bool:
    """Whether ops on Tensors that require a gradient are recorded now."""
    return _state.recording


def no_grad() -> AbstractContextManager[None]:
    """Compute without recording: nothing done in this block can be differentiated."""
    return recording(False)


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record in this block, or not, whatever holds around it."""
    before, _state.recording = _state.recording, on
    try:
        yield
    finally:
        _state.recording = before


def watch(node: Node, value: Value) -> None:
    """Keep the gradient of an interior value: it arrives in `value.grad`."""
    node.watcher = weakref.ref(value)
