"""Seeing trouble where it begins: the op and the line that first made a nan or an inf, and
saved arrays that were written to behind NumPy's back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..kernels import FusegradError, GraphError
from ..kernels.finite import not_finite
from .fingerprint import fingerprint
from .mode import watching
from .op import Op
from .place import here, shown
from .sparse import SparseRows
from .tape import Node
from .value import Value


class NonFiniteError(FusegradError, ArithmeticError):
    """A nan or an inf made from finite numbers."""


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Stop at the first op of this block, forward or backward, that makes nan or inf out of
    finite numbers, and at a saved array that was changed since; name the op, the line that
    called it and the place in the array.

    Differs: PyTorch looks at backward alone. Every op is looked at, and what it saves is read
    once more, so that a step takes about twice as long.

    Raises: NonFiniteError, GraphError.
    """
    with watching(_Watcher()):
        yield


class _Watcher:
    def after_forward(
        self, op: Op, args: Sequence[Any], params: Any, y: Any, node: Node | None
    ) -> None:
        """Look at the result of an op, and remember what it saved."""
        if node is not None and node.saved is not None:
            node.prints = [fingerprint(x) for x in node.saved]
        if _first(y) is not None and all(map(_is_finite, (*args, *params.values()))):
            where = op.name + shown(node.place if node else here())
            _refuse(where, "a finite result of finite arguments", y, "look at its arguments")

    def before_vjps(self, node: Node) -> None:
        """Hold what a node saved against what it was."""
        if node.prints is None or node.prints == [fingerprint(x) for x in node.saved or ()]:
            return
        names = [(*node.op.inputs, "y")[i] for i in node.plan.save]
        rule = f"what it saved ({', '.join(names)}) as the forward pass left it"
        repair = "write to no array of a Tensor: compute a new one, or assign_ a leaf"
        where = f"backward of {node.op.name}{shown(node.place)}"
        raise GraphError(where, rule, "an array changed since", repair)

    def after_vjp(self, node: Node, i: int, g: Any, given: Any) -> None:
        """Look at the gradient that a vjp gave for the i-th input."""
        given, g = map(_array, (given, g))
        if _first(given) is not None and _first(g) is None:
            name = node.op.inputs[0 if node.op.variadic else i]
            where = f"backward of {node.op.name}{shown(node.place)}"
            rule = f"a finite gradient for {name}"
            _refuse(where, rule, given, f"keep {name} away from where its slope is infinite")


def _array(g: Any) -> Any:
    """A gradient as an array; of some rows, these alone as long as they are finite."""
    if isinstance(g, SparseRows):
        return g.data if _first(g.data) is None else g.dense().data
    return g.data if isinstance(g, Value) else g


def _is_finite(x: Any) -> bool:
    """Whether nothing in an argument is nan or inf."""
    if isinstance(x, float):
        return math.isfinite(x)
    return _first(x.data if isinstance(x, Value) else x) is None


def _first(x: Any) -> tuple[int, ...] | None:
    """The index of the first nan or inf; None where all is finite."""
    if not hasattr(x, "dtype") or x.dtype.kind != "f":
        return None
    flat = not_finite(x)
    return None if flat < 0 else tuple(map(int, np.unravel_index(flat, x.shape)))


def _refuse(where: str, rule: str, x: Any, repair: str) -> None:
    index = _first(x)
    got = f"{x[index].item()} at index {index} of shape {x.shape}"
    raise NonFiniteError(where, rule, got, repair)
