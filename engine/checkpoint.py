"""checkpoint: keep the arguments of a function instead of all it computed, and compute it once
more on the way back."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..kernels import DTypeError, GraphError
from ..kernels.draws import States, noted, restored
from .fingerprint import fingerprint
from .graph import collect
from .mode import MODE, recording, replaying, watching, within
from .op import Op, Plan
from .ops.indexing import getitem
from .ops.shaping import concat, reshape
from .place import shown
from .pytree import leaves, rebuilt, tree_map
from .tape import Node, latest, node_of, version_of
from .value import Value, view_of, wrap


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, with the same values and gradients, holding less memory between forward and backward.

    What f computes on its way is forgotten and computed again, with the same random draws, when
    a gradient passes: one more forward, for memory that is a matter of f's arguments alone. f
    returns a Tensor or a tree of Tensors of one dtype, and may use Tensors that are no
    arguments. Inside a jvp, or where nothing is recorded, f simply runs. If f would compute
    something else by then (an array, a constant or a mode was changed) backward refuses.

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
            y = _pack(leaves(tree))
            form[:] = [tree_map(_Slot, tree)]  # and nothing of the graph behind it
            return y

        y = _remembered(packed)
        return rebuilt(form[0], _unpack(y, [slot.shape for slot in leaves(form[0])]))

    return run


class _Slot:
    """The place of a Tensor in a tree."""

    def __init__(self, value: Any) -> None:
        self.shape, self.dtype = value.shape, value.dtype


def _pack(values: Sequence[Any]) -> Any:
    kinds = {getattr(v, "dtype", type(v).__name__) for v in values}
    if len(kinds) != 1 or not all(hasattr(v, "dtype") for v in values):
        rule, repair = "a function that returns Tensors of one dtype", "return the rest apart"
        raise DTypeError("checkpoint", rule, ", ".join(sorted(map(str, kinds))), repair)
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
    with noted() as states, _traced() as trace:
        y = compute()
    if not (isinstance(y, Value) and y.node is not None and y.node.number > start):
        return y
    edges = tuple(collect([y.node], after=start)[1])
    segment = node_of(CHECKPOINT, Plan((), None, ()), edges, y.data, {}, Segment)
    segment.compute, segment.states, segment.trace = compute, states, trace.seen
    segment.versions = tuple(version_of(e) for e in edges if isinstance(e, Value))
    value = wrap(y.data, segment)
    return value if y.owner is None else view_of(value, y)


class _Trace:
    """Notes every op of a block and what it read that was not computed there; stands where
    trouble is looked for, and passes on to who stood there before."""

    def __init__(self, outer: Any) -> None:
        self.outer, self.seen = outer, list[Any]()

    def after_forward(
        self, op: Op, args: Sequence[Any], params: Any, y: Any, node: Node | None
    ) -> None:
        self.seen.append((op.name, *map(_read, args)))
        if self.outer is not None:
            self.outer.after_forward(op, args, params, y, node)

    def before_vjps(self, node: Node) -> None:
        if self.outer is not None:
            self.outer.before_vjps(node)

    def after_vjp(self, node: Node, i: int, g: Any, given: Any) -> None:
        if self.outer is not None:
            self.outer.after_vjp(node, i, g, given)


def _read(x: Any) -> Any:
    """What stays equal as long as x gives the same numbers."""
    if not isinstance(x, Value):
        return fingerprint(x)
    owner = x if x.owner is None else x.owner
    if owner.node is not None:
        return None
    return fingerprint(x.data) if owner.is_borrowed else _Leaf(owner, x.data)


class _Leaf:
    """A leaf as it was read. Its memory is locked, so that its version tells of every change;
    only a leaf made anew by each computation has to be compared number by number."""

    __slots__ = ("data", "memory", "needs", "owner", "version")

    def __init__(self, owner: Value, data: Any) -> None:
        self.owner, self.data, self.memory = owner, data, owner.data
        self.version, self.needs = owner.version, owner.requires_grad

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Leaf) or self.needs != other.needs:
            return False
        if self.owner is other.owner:
            return self.version == other.version and self.memory is other.memory
        unchanged = all(v.version == v.owner.version for v in (self, other))
        return unchanged and bool(fingerprint(self.data) == fingerprint(other.data))

    __hash__ = None  # type: ignore[assignment]  # equal is not the same here


def _traced() -> AbstractContextManager[_Trace]:
    return watching(_Trace(MODE.watcher))


class Segment(Node):
    """A computation that is done again on the way back, in the middle of that walk: so its
    gradients add up in the very order in which they would have without."""

    __slots__ = ("compute", "states", "trace")

    compute: Callable[[], Any]
    states: States
    trace: list[Any]

    def free(self) -> None:
        super().free()
        del self.compute, self.states, self.trace  # which hold the arguments

    def replay(self) -> Node:
        """The last node of the computation, done once more with the same random draws.

        Raises: GraphError where it is not the same computation any more.
        """
        with (
            restored(self.states),
            replaying(),
            within(self),
            recording(True),
            _traced() as trace,
        ):
            y = self.compute()
        if trace.seen != self.trace:
            where = f"backward of checkpoint{shown(self.place)}"
            repair = "change no array, constant or mode between forward and backward"
            rule = "the computation that ran forward"
            raise GraphError(where, rule, _difference(self.trace, trace.seen), repair)
        return y.node


def _difference(then: Sequence[Any], now: Sequence[Any]) -> str:
    """The first op of a computation that is not what it was."""
    for a, b in itertools.zip_longest(then, now):
        if a != b:
            one, other = (("nothing" if v is None else v[0]) for v in (a, b))
            return f"{other} of other numbers" if one == other else f"{other} in place of {one}"
    return "another one"


CHECKPOINT = Op("checkpoint", None, (), (), ())  # type: ignore[arg-type]
