"""What the way back of one step brings to the features of each branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.backward import backpropagate
from ...engine.tape import Node
from ...kernels.device import device_of, to_device
from ..presence import Tokens
from .measures import norm

Parameters = Mapping[str, Sequence[Tensor]]


class Arrivals:
    """Hooks on the features of one forward pass, which add up what arrives at each.

    `shared` are, by modality, the parameters that another branch holds too. What one branch
    sends them is told apart by a way back of its own through that branch, in the middle of the
    step's; `passes` counts these.
    """

    def __init__(self, features: Mapping[str, Any], shared: Parameters) -> None:
        self.shared, self.passes, self.is_paused = shared, 0, False
        self.gradients: dict[str, Any] = {}
        self.sent: dict[str, dict[Any, Any]] = {}  # by modality, to shared parameters
        self._still: dict[str, Any] = {}  # by modality, which units are 0 in the whole batch
        self._below: dict[str, Any] = {}  # and what went on below them
        self._removers = [r for n, f in features.items() for r in self._watch(n, f)]

    def close(self) -> None:
        """Take the hooks away, and with them what they hold of the graph."""
        while self._removers:
            self._removers.pop()()

    def norm(self, name: str) -> float:
        """|dL/df_m|, 0 where nothing arrived."""
        return norm([self.gradients[name]]) if name in self.gradients else 0.0

    def dead(self, name: str) -> float:
        """The part of the units that were 0 for every sample and passed nothing back."""
        still = self._still.get(name)
        if still is None:
            return 0.0
        g = self._below.get(name)
        dead = still if g is None else still & ~_any(g)
        return float(dead.mean())

    # ---- hooks ----------------------------------------------------------------------------
    def _watch(self, name: str, feature: Any) -> list[Callable[[], None]]:
        values = feature.values if isinstance(feature, Tokens) else feature
        mask = feature.present if isinstance(feature, Tokens) else None
        still = ~_any(values.data, mask)
        removers: list[Callable[[], None]] = []
        if values.requires_grad:
            removers.append(values.register_hook(self._at(name, values.node)))
        if still.any():
            self._still[name] = still
            removers += [] if values.node is None else [self._watch_below(name, values.node)]
        return removers

    def _at(self, name: str, node: Node | None) -> Callable[[Tensor], None]:
        def arrived(g: Tensor) -> None:
            if not self.is_paused:
                self._add(self.gradients, name, g)
                if node is not None and self.shared.get(name):
                    self._send(name, node, g)

        return arrived

    def _watch_below(self, name: str, node: Node) -> Callable[[], None]:
        node = entrance(node)
        node.hooks = hooks = [] if node.hooks is None else node.hooks

        def passed(g: Tensor) -> None:
            if not self.is_paused:
                self._add(self._below, name, g)

        hooks.append(passed)
        return lambda: hooks.remove(passed)

    def _add(self, held: dict[str, Any], name: str, g: Tensor) -> None:
        held[name] = held[name] + g.data if name in held else g.data

    def _send(self, name: str, node: Node, g: Tensor) -> None:
        """The way back through one branch alone, to the parameters it shares."""
        self.passes += 1
        self.is_paused = True
        try:
            found = backpropagate([node], [g.data], inputs=self.shared[name], retain_graph=True)
        finally:
            self.is_paused = False
        mine = self.sent.setdefault(name, {})
        for p, given in found.items():
            mine[p] = mine[p] + given if p in mine else given


def entrance(node: Node) -> Node:
    """The oldest node in the row of ops of one input that end at this one and keep its shape:
    where a gradient arrives that has passed rectifiers, dropout and their like."""
    while True:
        before = [e for e in node.edges if e is not None]
        if len(before) != 1 or not isinstance(before[0], Node) or before[0].shape != node.shape:
            return node
        node = before[0]


def opened(feature: Any) -> Any:
    """A feature that nothing is learned below, as a leaf that is asked for a gradient."""
    if isinstance(feature, Tokens):
        return feature._replace(values=opened(feature.values))
    x = feature if isinstance(feature, Tensor) else Tensor(feature)
    free = x.requires_grad or x.dtype.kind != "f"
    return x if free else x.detach().requires_grad_()


def _any(x: Any, mask: Any = None) -> np.ndarray:
    """By unit, whether it is not 0 somewhere; on the host. Shapes: (.., d) -> (d,)."""
    if mask is not None:
        x = x[to_device(mask, device_of(x))]
    found = (x != 0).any(axis=tuple(range(x.ndim - 1)))
    return np.asarray(to_device(found, "cpu"))
