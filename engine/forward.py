"""Forward mode: values that carry a tangent, and ops that carry it on.

Inside a jvp a value may be `Dual`: a primal and a tangent of one level. An op takes the
tangents of the innermost level off its inputs, runs on the primals, and puts on the result the
tangent that `Op.jvp` gives. Tangents are computed by ops as well, so that whatever lies further
out, a jvp or a gradient, differentiates them like everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from ..kernels.shape import zeros_like
from .mode import forward
from .op import LINEAR, MULTILINEAR, SYMMETRIC, Op, names_of
from .ops.broadcast import broadcast_to
from .ops.elementwise import add
from .ops.shaping import astype
from .tape import apply, carry_on, record
from .value import ACTIVE, Dual, Value, view_of, wrap

_levels = count(1)


@contextmanager
def level() -> Iterator[int]:
    """A block in which tangents travel; gives the level that tells them from all others."""
    level = next(_levels)
    ACTIVE.add(level)
    try:
        with forward(run):
            yield level
    finally:
        ACTIVE.remove(level)


def dual(primal: Value, tangent: Value, level: int) -> Value:
    """The primal, carrying a tangent."""
    value = view_of(wrap(primal.data.view(), primal.node), primal)
    value.requires_grad, value.name = primal.requires_grad, primal.name
    value.dual = Dual(primal, tangent, level)
    return value


def level_of(*values: Any) -> int:
    """The innermost level among values; 0 where none carries a tangent."""
    held = [v.dual for v in values if isinstance(v, Value) and v.is_dual]
    return max((d.level for d in held if d is not None), default=0)


def primal_of(x: Any, level: int) -> Any:
    """x without the tangent of a level."""
    held = x.dual if isinstance(x, Value) else None
    return held.primal if held and held.level == level else x


def tangent_of(x: Any, level: int) -> Value | None:
    """The tangent that x carries at a level."""
    held = x.dual if isinstance(x, Value) else None
    return held.tangent if held and held.level == level else None


def run(op: Op, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Run an op inside a jvp."""
    level = level_of(*args)
    if not level:
        return record(op, args, params)
    primals = [primal_of(a, level) for a in args]
    y = run(op, primals, params)
    t = push(op, primals, [tangent_of(a, level) for a in args], y, params)
    return y if t is None else dual(y, t, level)


def push(
    op: Op, args: Sequence[Any], tangents: Sequence[Any], y: Any, params: dict[str, Any]
) -> Any:
    """The tangent of y, the op's result on `args`; None where no tangent passes."""
    if y.dtype.kind != "f":
        return None
    if op.jvp == LINEAR:
        return apply(op, *map(_or_zeros, tangents, args), **params)
    total = None
    for i, t in enumerate(tangents):
        part = None if t is None else _part(op, i, t, args, y, params)
        if part is not None:
            total = part if total is None else add(total, part)
    return None if total is None else _fit(total, y)


def _or_zeros(t: Any, x: Any) -> Any:
    if t is not None:
        return t
    return wrap(zeros_like(x.data), None) if isinstance(x, Value) else zeros_like(x)


def _part(op: Op, i: int, t: Any, args: Sequence[Any], y: Any, params: dict[str, Any]) -> Any:
    """What the tangent of the i-th input contributes."""
    if op.jvp == MULTILINEAR:
        return apply(op, *args[:i], t, *args[i + 1 :], **params)
    rules = op.vjps if op.jvp == SYMMETRIC else op.jvp
    rule: Callable[..., Any] | None = rules[0 if op.variadic else i]  # type: ignore[assignment]
    if rule is None:
        return None
    known = {**params, "t": t, "g": t, "y": y, "input_index": i, "input_shape": t.shape}
    known |= zip(op.inputs, args)
    values = [known[n] for n in names_of(rule)]
    if any([isinstance(v, Value) and (v.requires_grad or v.dual) for v in values]):
        return rule(*values)
    part = rule(*[v.data if isinstance(v, Value) else v for v in values])
    return part if isinstance(part, Value) else wrap(part, None)


def _fit(t: Any, y: Any) -> Any:
    """A tangent in the shape and dtype of its value."""
    if t.shape != y.shape:
        t = broadcast_to(t, y.shape)
    return t if t.dtype == y.dtype else astype(t, y.dtype)


def _in_another_thread(op: Op, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Run an op on values that carry tangents where no jvp was begun: f's own threads."""
    with forward(run):
        return run(op, args, params)


carry_on(_in_another_thread)
