"""checkpoint: keep the arguments of a function instead of all it computed, and compute it once
more on the way back."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from ..kernels.draws import States, noted, restored
from .graph import collect
from .mode import MODE, recording
from .op import Op, Plan
from .ops.indexing import getitem
from .ops.shaping import concat, reshape
from .pytree import leaves, rebuilt, tree_map
from .tape import Edge, Node, latest, version_of
from .value import Value, wrap


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, with the same values and gradients, holding less memory between forward and backward.

    What f computes on its way is forgotten and computed again, with the same random draws, when
    a gradient passes: one more forward, for memory that is a matter of f's arguments alone. f
    returns a Tensor or a tree of Tensors of one dtype, and may use Tensors that are no
    arguments. Inside a jvp, or where nothing is recorded, f simply runs.

    >>> from .ops.elementwise import sin
    >>> from .grad import grad
    >>> grad(checkpoint(lambda x: sin(x) * x))(0.0)
    Tensor(0.)
    """

    @functools.wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        if not MODE.recording or MODE.forward is not None:
            return f(*args, **kwargs)
        form: list[Any] = []

        def packed() -> Any:
            tree = f(*args, **kwargs)
            form[:] = [tree_map(_Slot, tree)]  # and nothing of the graph behind it
            return _pack(leaves(tree))

        y = _remembered(packed)
        return rebuilt(form[0], _unpack(y, [slot.shape for slot in leaves(form[0])]))

    return run


class _Slot:
    """The place of a Tensor in a tree."""

    def __init__(self, value: Any) -> None:
        self.shape, self.dtype = value.shape, value.dtype


def _pack(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else concat([reshape(v, -1) for v in values])


def _unpack(y: Any, shapes: Sequence[Any]) -> list[Any]:
    if len(shapes) == 1:
        return [y]
    parts, at = [], 0
    for shape in shapes:
        size = math.prod(shape)
        parts.append(reshape(getitem(y, slice(at, at + size)), shape))
        at += size
    return parts


def _remembered(compute: Callable[[], Any]) -> Any:
    """The value of a computation, with one node for all of its graph."""
    start = latest()
    with noted() as states:
        y = compute()
    if not (isinstance(y, Value) and y.node is not None and y.node.number > start):
        return y
    edges = tuple(collect([y.node], after=start)[1])
    return wrap(y.data, Segment(compute, edges, states, y.data))


class Segment(Node):
    """A computation that is done again on the way back, in the middle of that walk: so its
    gradients add up in the very order in which they would have without."""

    __slots__ = ("compute", "states")

    def __init__(
        self, compute: Callable[[], Any], edges: tuple[Edge, ...], states: States, y: Any
    ) -> None:
        super().__init__(CHECKPOINT, Plan((), ()), (), y, {})
        self.compute, self.edges, self.states = compute, edges, states
        self.versions = tuple(version_of(e) for e in edges if isinstance(e, Value))

    def free(self) -> None:
        super().free()
        del self.compute, self.states  # which hold the arguments

    def replay(self) -> Node:
        """The last node of the computation, done once more with the same random draws."""
        with restored(self.states), recording(True):
            return self.compute().node


CHECKPOINT = Op("checkpoint", None, (), (), ())  # type: ignore[arg-type]
