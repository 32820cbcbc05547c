"""Functions that see, and may change, the gradient of a value on its way back."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np

from ..kernels import ShapeError
from ..kernels.shape import copy
from .sparse import SparseRows, total
from .value import Hooks, Value, wrap

_receiving = threading.Lock()


def hooks_of(value: Value) -> Hooks:
    """The hooks that see the gradient of a value, first to last; add to it as you like."""
    holder = value.node or value
    if holder.hooks is None:
        holder.hooks = []
    return holder.hooks


def run_hooks(hooks: Hooks, g: Any) -> Any:
    """Show a gradient to every hook; what a hook returns stands for it from there on."""
    for hook in tuple(hooks):
        changed = hook(_shown(g))
        if changed is not None:
            if not isinstance(changed, Value) or changed.shape != g.shape:
                got = f"{type(changed).__name__} of shape {np.shape(changed)}"
                rule = f"None or a Tensor of shape {g.shape}"
                repair = "return g, changed, or nothing"
                raise ShapeError("a gradient hook", rule, got, repair)
            g = changed if isinstance(g, Value) else copy(changed.data)
    return g


def _shown(g: Any) -> Value:
    """A gradient as a Tensor of its own, so that a hook can keep it, or even change it."""
    if isinstance(g, Value):
        return g if g.node is not None else wrap(copy(g.data), None)
    return wrap(copy(g), None)


def receive(value: Value, g: Any) -> None:
    """Take a gradient into `value.grad`, adding it to one that is there already."""
    g = g if isinstance(g, (Value, SparseRows)) else wrap(g, None)
    with _receiving:  # threads may go back to one leaf
        value.grad = g if value.grad is None else total(value.grad, g)


def watch(value: Value) -> None:
    """Keep the gradient of an interior value: it arrives in `value.grad`."""
    seen = weakref.ref(value)

    def keep(g: Value) -> None:
        if (held := seen()) is not None:
            held.grad = g

    hooks_of(value).append(keep)
