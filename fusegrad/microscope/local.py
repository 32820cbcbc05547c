"""The local factor of a vjp: the slope of an elementwise op, or words for what another does."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.op import Step
from ..engine.row import SlopeVjp
from ..engine.tape import Node
from .seen import as_array

# What the ops that are met most pass back, in the names of their inputs; g is what arrives.
RULES: dict[str, tuple[str, ...]] = {
    "matmul": ("g bᵀ", "aᵀ g"),
    "linear": ("g W", "gᵀ x", "g, summed over the rows"),
    "sum": ("g, spread over what was summed",),
    "mean": ("g / n, spread over what was averaged",),
    "reshape": ("g in the shape of x",),
    "transpose": ("g with its axes put back",),
    "broadcast_to": ("g, summed over what was repeated",),
    "astype": ("g in the dtype of x",),
    "to": ("g on the device of x",),
    "identity": ("g",),
    "getitem": ("g where it was taken from, 0 elsewhere",),
    "take_rows": ("g added to the rows that were looked up",),
    "concat": ("the part of g that this input became",),
    "stack": ("the slice of g that this input became",),
    "max": ("g where the largest lies, 0 elsewhere",),
    "min": ("g where the smallest lies, 0 elsewhere",),
    "dropout": ("g times the mask of the forward pass",),
    "softmax": ("y (g − Σ g y)",),
    "log_softmax": ("g − softmax(x) Σ g",),
    "cross_entropy": ("g (softmax(logits) − labels) / rows",),
}


def slope(node: Node, step: Step, upstream: np.ndarray) -> np.ndarray | None:
    """The factor that an elementwise op multiplies what arrives with, in the shape of its
    result; None for other ops."""
    if not isinstance(step.vjp, SlopeVjp):
        return None
    saved, ones = node.saved or (), np.ones(node.shape, upstream.dtype)
    args = [ones if n == "g" else _on_host(saved[n]) for n in step.names]  # type: ignore[index]
    return np.broadcast_to(np.asarray(step.vjp.on_arrays(*args)), node.shape)


def _on_host(x: Any) -> Any:
    return as_array(x) if hasattr(x, "shape") else x


def said(node: Node, step: Step) -> str:
    """What a vjp computes, in words."""
    rules = RULES.get(node.op.name)
    if rules is not None and (node.op.variadic or step.at < len(rules)):
        return rules[0 if node.op.variadic else step.at]
    read = [n if isinstance(n, str) else _name(node, n) for n in step.names]
    return f"the rule of {node.op.name}, from {', '.join(dict.fromkeys(read))}"


def _name(node: Node, at: int) -> str:
    """What the op calls a value that it saved."""
    place = node.plan.save[at]
    return "y" if place < 0 else node.op.inputs[0 if node.op.variadic else place]
