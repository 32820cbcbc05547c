"""Which op is at fault where a gradient is wrong: each op of a function held alone against
differences of its own values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .differences import ROUNDING, SMALLEST, slopes
from .mode import watching
from .op import Op
from .place import shown
from .tape import Node, record
from .tensor import Tensor
from .value import Value
from .variables import gradients_of

WRONG = 1e-6  # relative: ten times what a check of f tolerates
LARGEST = 200  # elements of an op that are moved one by one


class _Recorder:
    """Stands where trouble is looked for, and writes down what runs."""

    def __init__(self) -> None:
        self.seen: list[tuple[Node, Sequence[Any]]] = []

    def after_forward(
        self, op: Op, args: Sequence[Any], params: Any, y: Any, node: Node | None
    ) -> None:
        if node is not None:
            self.seen.append((node, [a.data if isinstance(a, Value) else a for a in args]))

    def before_vjps(self, node: Node) -> None:
        """Nothing: only what runs forward is of interest."""

    def after_vjp(self, node: Node, i: int, g: Any, given: Any) -> None:
        """Nothing, as before."""


def culprit(f: Callable[..., Any], arrays: Sequence[np.ndarray]) -> str:
    """`argument a of op multiply (file.py:12)`, for the first op of f whose gradient is wrong
    by itself; empty where all are right, as they are when f leaves the graph."""
    with watching(_Recorder()) as recorder:
        f(*(Tensor(a, requires_grad=True) for a in arrays))
    for node, args in recorder.seen:
        wrong = _wrong_input(node, args)
        if wrong is not None:
            name = node.op.inputs[0 if node.op.variadic else wrong]
            return f"argument {name} of {node.op.name}{shown(node.place)}"
    return ""


def _wrong_input(node: Node, args: Sequence[Any]) -> int | None:
    """The first input of an op whose vjp differs from differences of the op's values."""
    wanted = [s.at for s in node.plan.steps if _is_moved(args[s.at])]
    weights = np.random.default_rng(0).standard_normal(node.shape)

    def total(i: int, x: Any) -> Any:
        given = [x if k == i else a for k, a in enumerate(args)]
        return record(node.op, given, node.params)

    def is_wrong(i: int) -> bool:
        x = Tensor(args[i], requires_grad=True)
        y = total(i, x)
        g = gradients_of((y * weights).sum(), [x])[0].data
        moved = slopes(lambda a: np.asarray((total(i, a[0]) * weights).sum()), [x.data], 0)
        size = float(np.abs(moved.central).max(initial=0))
        scale = max(size, ROUNDING / WRONG * float(np.abs(y.data).sum()), SMALLEST)
        return not float(np.abs(g - moved.central).max(initial=0)) <= WRONG * scale

    return next((i for i in wanted if is_wrong(i)), None)


def _is_moved(x: Any) -> bool:
    return getattr(x, "dtype", None) == np.float64 and x.size <= LARGEST
