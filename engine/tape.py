"""The tape: a graph that hangs on its outputs.

A `Node` is one application of an op. It knows the nodes or leaves its inputs came from (edges),
so a graph lives exactly as long as a value that was computed from it. Nodes carry a creation
number; walking in falling order meets every node after all its uses, without recursion.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kernels import DTypeError, OptionError, ShapeError
from ..kernels.kernel import Foreign
from ..kernels.locking import lock, memory_of
from ..kernels.shape import copy
from .mode import MODE
from .op import OUTPUT, Op, Plan
from .operand import PLAIN, operand
from .place import Place, here
from .value import Hooks, Value, view_of, wrap

_numbers = itertools.count()


def latest() -> int:
    """A number that every node made from here on exceeds."""
    return next(_numbers)


class Node:
    """One application of an op: where its inputs came from, and what its vjps will read."""

    __slots__ = (
        "dtype",
        "edges",
        "hooks",
        "number",
        "op",
        "params",
        "place",
        "plan",
        "prints",
        "saved",
        "shape",
        "versions",
    )

    replay: Callable[[], Node] | None = None  # what a checkpoint computes again

    def __init__(
        self,
        op: Op,
        plan: Plan,
        args: Sequence[Any],
        raw: Sequence[Any],
        y: Any,
        params: dict[str, Any],
    ) -> None:
        self.op, self.plan, self.params = op, plan, params
        self.edges = tuple(
            [(a.node or a) if isinstance(a, Value) and a.requires_grad else None for a in args]
        )
        save = plan.save
        self.saved: tuple[Any, ...] | None = tuple(
            [y if i == OUTPUT else _kept(args[i], raw[i]) for i in save]
        )
        self.versions = tuple([None if i == OUTPUT else version_of(args[i]) for i in save])
        self.number = next(_numbers)
        self.shape, self.dtype = y.shape, y.dtype
        self.hooks: Hooks | None = None
        self.place: Place | None = here()
        self.prints: list[Any] | None = None  # of what is saved, while trouble is looked for

    def free(self) -> None:
        """Let go of what was saved and of the graph behind; a later backward will say so."""
        self.saved, self.edges, self.versions = None, (), ()


Edge = Node | Value


def _kept(x: Any, array: Any) -> Any:
    """What to save of an operand: a copy of what others may write to."""
    if isinstance(x, Value):
        owner = x if x.owner is None else x.owner
        return copy(array) if owner.is_borrowed else array
    return copy(array) if hasattr(array, "base") else array


def version_of(x: Any) -> tuple[Value, int] | None:
    """The leaf whose memory x holds, and how often that has changed; None if nothing can."""
    if not isinstance(x, Value):
        return None
    owner = x.owner if x.owner is not None else None if x.node else x
    return None if owner is None else (owner, owner.version)


def apply(op: Op, *args: Any, **params: Any) -> Any:
    """Run an op. On raw arrays it computes and returns a raw array; where a Tensor takes part
    it returns a Tensor, recorded if a gradient may be asked for.

    Raises: ShapeError where the arrays do not fit.
    """
    if MODE.forward is not None:
        return MODE.forward(op, args, params)
    return record(op, args, params)


_carry_on: list[Callable[..., Any]] = []


def carry_on(run: Callable[..., Any]) -> None:
    """How `record` runs an op that meets a tangent unprepared; `forward.py` says it."""
    _carry_on[:] = [run]


def record(op: Op, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Run an op below every jvp."""
    raw, needs = _taken_apart(op, args)
    if needs is None:
        return _carry_on[0](op, args, params)
    try:
        y = op.kernel(*raw, **params)
    except (ValueError, IndexError) as error:
        raise _refusal(op, args, params, error) from None
    if needs.count(None) == len(needs):
        return y
    node = None
    if True in needs and MODE.recording and (plan := op.plan(tuple(needs))) is not None:
        node = Node(op, plan, args, raw, y, params)
    if MODE.watcher is not None:
        MODE.watcher.after_forward(op, args, params, y, node)
    value = wrap(y, node)
    return value if y.base is None else _as_view(value, args)


def _taken_apart(op: Op, args: Sequence[Any]) -> tuple[list[Any], list[bool | None] | None]:
    """The arrays of the arguments, and whether each needs a gradient: None is no Tensor. No
    answer for the latter means that a tangent was met where no jvp was begun."""
    raw: list[Any] = list(args)
    needs: list[bool | None] = [None] * len(args)
    for i, a in enumerate(args):
        if isinstance(a, Value):
            if a.dual is not None and a.is_dual and MODE.forward is None:
                return raw, None
            raw[i], needs[i] = a.data, a.requires_grad
        elif a.__class__ not in PLAIN:
            raw[i] = operand(op.name, a)
    return raw, needs


def _as_view(value: Value, args: Sequence[Any]) -> Value:
    """A value whose array is a view; of one of the arguments, as a rule."""
    memory = memory_of(value.data)
    for a in args:
        if isinstance(a, Value) and memory_of(a.data) is memory:
            return view_of(value, a)
    lock(memory)  # which is the kernel's own
    return value


def _refusal(
    op: Op, args: Sequence[Any], params: dict[str, Any], error: Exception
) -> Exception:
    """What NumPy refused, in the words of the op; what a user's own op raised, as it is."""
    if op.kernel.__class__ is Foreign:
        return error
    if "negative integer powers" in str(error):  # no matter of shapes
        return DTypeError(op.name, "floats", "integers", "convert one with astype")
    shapes = ", ".join(str(np.shape(a.data if isinstance(a, Value) else a)) for a in args)
    if isinstance(error, np.linalg.LinAlgError):  # nor is this: values that LAPACK refuses
        return OptionError(op.name, op.expects, f"{shapes}: {str(error).lower()}", op.repair)
    got = " and ".join([shapes, *(f"{k}={v}" for k, v in params.items())])
    return ShapeError(op.name, op.expects, got, op.repair)
