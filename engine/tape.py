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

from ..kernels.device import is_cuda
from ..kernels.kernel import OBSERVERS, QUIET
from ..kernels.locking import lock, memory_of
from ..kernels.shape import copy
from .mode import MODE
from .op import OUTPUT, Op, Plan
from .operand import PLAIN, operand
from .place import Place, here
from .refusal import mixed, refusal
from .value import Hooks, Value, view_of, wrap

_numbers = itertools.count()
_number = _numbers.__next__
NONE: dict[str, Any] = {}  # the parameters of an op that has none


def latest() -> int:
    """A number that every node made from here on exceeds."""
    return _number()


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

    op: Op
    plan: Plan
    params: dict[str, Any]
    edges: Sequence[Edge | None]  # one an input; None where no gradient goes
    saved: tuple[Any, ...] | None  # None once it is freed
    # Of what was saved; None where nothing of it can change.
    versions: Sequence[tuple[Value, int] | None] | None
    number: int
    shape: tuple[int, ...]  # of the output, as is the dtype
    dtype: Any
    hooks: Hooks | None
    prints: list[Any] | None  # of what is saved, while trouble is looked for
    place: Place | None
    replay: Callable[[], Node] | None = None  # what a checkpoint computes again

    def free(self) -> None:
        """Let go of what was saved and of the graph behind; a later backward will say so."""
        self.saved = self.versions = None
        self.edges = ()


def node_of(
    op: Op,
    plan: Plan,
    edges: Sequence[Edge | None],
    y: Any,
    params: dict[str, Any],
    kind: type = Node,
) -> Any:
    """A node that has saved nothing yet."""
    node: Any = kind()
    node.op, node.plan, node.params = op, plan, params
    node.edges, node.saved = edges, ()
    node.shape, node.dtype, node.number = y.shape, y.dtype, _number()
    node.versions = node.hooks = node.prints = None
    node.place = here(5)
    return node


Edge = Node | Value


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
    return run(op, args, params)


def record(op: Op, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Run an op below every jvp."""
    return run(op, args, params, below=True)


_carry_on: list[Callable[..., Any]] = []


def carry_on(run: Callable[..., Any]) -> None:
    """How `run` treats an op that meets a tangent unprepared; `forward.py` says it."""
    _carry_on[:] = [run]


def run(op: Op, args: Sequence[Any], params: dict[str, Any] = NONE, below: bool = False) -> Any:
    """`apply` of a tuple and a dict. This, the nodes it makes and the walk back over them are
    what a small op costs: they are written for few calls."""
    usual = MODE.usual
    if not usual and MODE.forward is not None and not below:
        return MODE.forward(op, args, params)
    raw: list[Any] = [*args]
    edges: list[Edge | None] = [None] * len(args)
    needed, tensors, firm = 0, False, True  # firm: nobody can change what may be saved
    for i, a in enumerate(args):
        if isinstance(a, Value):
            if a.dual is not None and a.is_dual and MODE.forward is None:
                return _carry_on[0](op, args, params)
            tensors, firm = True, firm and a.node is not None and a.owner is None
            raw[i] = a.data
            if a.requires_grad:
                edges[i], needed = a.node or a, needed | 1 << i
        elif a.__class__ is not float and a.__class__ is not int:
            raw[i] = a if a.__class__ in PLAIN else operand(op.name, a)
            firm = False
    y = _computed(op, args, raw, params)
    return _recorded(op, args, params, raw, edges, needed, firm, usual, y) if tensors else y


def _recorded(
    op: Op,
    args: Sequence[Any],
    params: dict[str, Any],
    raw: Sequence[Any],
    edges: Sequence[Edge | None],
    needed: int,
    firm: bool,
    usual: bool,
    y: Any,
) -> Any:
    """What an op gave, as a Tensor; with a node, if a gradient may be asked for."""
    node = None
    if needed and (usual or MODE.recording):
        plan = op.plans[needed] if needed in op.plans else op.plan(needed)
        if plan is not None:
            node = node_of(op, plan, edges, y, params)
            if plan.keep is not None:
                node.saved = plan.keep((*raw, y))
                if not firm:
                    _note_versions(node, plan.save, args)
    if not usual and MODE.watcher is not None:
        MODE.watcher.after_forward(op, args, params, y, node)
    value = wrap(y, node)
    return value if y.base is None else _as_view(value, args)


def _computed(op: Op, args: Sequence[Any], raw: Sequence[Any], params: dict[str, Any]) -> Any:
    """What the kernel of an op gives; what it refuses is told in the words of the op."""
    kernel = op.kernel
    if kernel.is_foreign:
        return kernel(*raw, **params)
    try:
        y = QUIET.run(kernel.compute, *raw, **params)
    except (ValueError, IndexError, TypeError) as error:
        if (said := refusal(op, args, params, error)) is error:
            raise
        raise said from None
    if y.__class__ is np.ndarray and not OBSERVERS:
        return y
    if is_cuda(y) and (wrong := mixed(op, args)) is not None:
        raise wrong
    return kernel.settle(y, raw, params)


def _note_versions(node: Node, save: Sequence[int], args: Sequence[Any]) -> None:
    """Note how often what was saved has changed, where it can, and copy what others may write
    to."""
    versions: list[tuple[Value, int] | None] = []
    for i in save:
        held, a = None, None if i == OUTPUT else args[i]
        if isinstance(a, Value):
            owner = a if a.owner is None else a.owner
            foreign = owner.is_borrowed
            if owner.node is None or owner is not a:
                held = (owner, owner.version)
        else:
            foreign = hasattr(a, "base")
        if foreign:
            before, k = node.saved or (), len(versions)
            node.saved = (*before[:k], copy(before[k]), *before[k + 1 :])
        versions.append(held)
    node.versions = versions


def _as_view(value: Value, args: Sequence[Any]) -> Value:
    """A value whose array is a view; of one of the arguments, as a rule."""
    base = value.data.base
    for a in args:  # the common case, in few calls
        if isinstance(a, Value) and (a.data is base or a.data.base is base):
            return view_of(value, a)
    memory = memory_of(value.data)
    if memory is value.data:  # of the pool
        return value
    for a in args:
        if isinstance(a, Value) and memory_of(a.data) is memory:
            return view_of(value, a)
    lock(memory)  # which is the kernel's own
    return value
