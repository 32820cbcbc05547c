"""What a forward pass used: the leaves and nodes behind a value, and frozen aliases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...engine import Tensor
from ...engine.graph import collect
from ...engine.mode import MODE
from ...engine.value import Value
from ...kernels.locking import memory_of


class Reached:
    """Leaves and nodes from which a gradient path leads to some values, by identity."""

    def __init__(self, roots: Iterable[Tensor]) -> None:
        edges = [r.node or r for r in roots if r.requires_grad]
        nodes, leaves = collect(edges)
        self.leaves: dict[int, Any] = {id(leaf): leaf for leaf in leaves}
        self.nodes = {id(node): node for node in nodes}

    def __or__(self, other: Reached) -> Reached:
        both = Reached([])
        both.leaves = {**self.leaves, **other.leaves}
        both.nodes = {**self.nodes, **other.nodes}
        return both

    def holds(self, value: Any) -> bool:
        """Whether a Tensor, or the memory of one that requires a gradient, is among them."""
        return id(value) in self.leaves or (
            value.node is not None and id(value.node) in self.nodes
        )


class Aliases:
    """A watcher of ops that notes which of them read the memory of a parameter through a Tensor
    that asks for no gradient: name of the parameter -> name of the op."""

    def __init__(self, parameters: Iterable[tuple[str, Tensor]]) -> None:
        held = [(name, p) for name, p in parameters if p.size]
        self.names = {id(memory_of(p.data)): name for name, p in held}
        self.parameters = {id(p) for _, p in held}
        self.found: dict[str, str] = {}
        self.outer = MODE.watcher

    def after_forward(self, op: Any, args: Any, params: Any, y: Any, node: Any) -> None:
        """Look at what an op was given."""
        for x in args:
            if isinstance(x, Value) and not x.requires_grad and id(x) not in self.parameters:
                name = self.names.get(id(memory_of(x.data)))
                if name is not None:
                    self.found.setdefault(name, op.name)
        if self.outer is not None:
            self.outer.after_forward(op, args, params, y, node)
