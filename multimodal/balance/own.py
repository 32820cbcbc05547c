"""The gradients of a branch's own parameters, changed between backward and the optimizer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ...engine import Tensor
from ...engine.ops import elementwise
from ...engine.ops.shaping import data_of
from ...engine.sparse import SparseRows, total
from ...nn import Module, Parameter
from ...nn.tree import held
from ..network import Multimodal

PARTS = {"fusion", "head", "heads", "decision"}  # what a network holds beside its branches


def own_parameters(network: Multimodal) -> dict[str, list[Parameter]]:
    """By modality, the parameters of its branch that no other part of the network holds too:
    what two branches share, or a branch and the head, is nobody's own."""
    inside = {n: {id(p): p for p in b.parameters()} for n, b in network.branches.items()}
    outside = {id(p) for _, p in held(network, Parameter)}
    outside.update(id(p) for module in _beside(network) for p in module.parameters())
    others = {
        name: outside.union(*(mine for other, mine in inside.items() if other != name))
        for name in inside
    }
    return {n: [p for k, p in mine.items() if k not in others[n]] for n, mine in inside.items()}


def _beside(network: Multimodal) -> Iterator[Module]:
    """What the network holds beside its branches; a branch under a second name, as one that a
    subclass also keeps as an attribute, is none of it, unless a head or the fusion is one."""
    branches = {id(branch) for branch in network.branches.values()}
    for name, child in network.named_children():
        kind = name.split(".")[0]
        if kind in PARTS or (kind != "branches" and id(child) not in branches):
            yield child


@contextmanager
def set_aside(parameters: Iterable[Parameter]) -> Iterator[list[Parameter]]:
    """In this block no parameter has a gradient but what the block makes; at its end those of
    earlier steps are added again. Where the block fails, they are all that is left."""
    parameters = list(parameters)
    earlier = [p.grad for p in parameters]
    forget(parameters)
    try:
        yield parameters
    except BaseException:
        for p, g in zip(parameters, earlier):
            p.grad = g
        raise
    for p, g in zip(parameters, earlier):
        if g is not None:
            p.grad = g if p.grad is None else total(g, p.grad)


def forget(parameters: Iterable[Parameter]) -> None:
    """Forget the gradients."""
    for p in parameters:
        p.grad = None


def scale(parameters: Iterable[Parameter], factor: float) -> None:
    """g -> factor g for every parameter that has a gradient; a factor of 1 changes no bit."""
    for p in parameters:
        if p.grad is not None and factor != 1:
            p.grad = scaled(p.grad, factor)


def scaled(g: Any, factor: float) -> Any:
    """factor g; of a gradient of some rows, the same rows."""
    if isinstance(g, SparseRows):
        rows = data_of(elementwise.multiply(g.data, factor))
        return SparseRows(g.indices, rows, g.shape)
    return elementwise.multiply(g, factor)


def dense(g: Any) -> Tensor | None:
    """A gradient with all its rows."""
    return g.dense() if isinstance(g, SparseRows) else g


def inner(these: Iterable[Any], those: Iterable[Any]) -> float:
    """<g, h> of two lists of gradients, None for 0, summed in float64."""
    pairs = [(dense(g), dense(h)) for g, h in zip(these, those, strict=True)]
    return sum(
        float((g.data.astype("float64") * h.data.astype("float64")).sum())
        for g, h in pairs
        if g is not None and h is not None
    )
