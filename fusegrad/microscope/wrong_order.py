"""The way back in a wrong order, by the engine's own vjps: what comes of not waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.op import Step
from ..engine.ops.broadcast import unbroadcast
from ..engine.tape import Node
from .passes import Pass, Pull, Source, WrongOrder
from .seen import as_array, seen

Again = Callable[[np.ndarray], np.ndarray]
MOST = 200  # pulls of a pass that is walked again


def again(node: Node, step: Step, edge: Any) -> Again:
    """The vjp of one input as a function of what arrives; it holds what the node saved."""
    saved, params, shape, dtype = node.saved or (), node.params, edge.shape, edge.dtype
    known = {"input_shape": shape, "input_index": step.at, "sparse": False}

    def pull(g: np.ndarray) -> np.ndarray:
        every = {**params, **known, "g": g}
        args = [saved[n] if isinstance(n, int) else every[n] for n in step.names]
        given = as_array(step.on_arrays(*args))
        return np.asarray(unbroadcast(given, shape), dtype)

    return pull


def wrong_order(seen_pass: Pass, agains: Sequence[Again]) -> WrongOrder | None:
    """Depth first: whatever is reached passes on what it has, at once, and never again. None
    for a pass that is too large, or whose values are not kept whole."""
    whole = all(
        p.upstream.values is not None and p.contribution.values is not None
        for p in seen_pass.pulls
    )
    if len(agains) > MOST or not whole:
        return None
    walk = _Walk(seen_pass, agains)
    for number, g in seen_pass.roots:
        assert g.values is not None
        walk.visit(Source("op", number), g.values)
    leaves = {s.number: seen(g) for s, g in walk.held.items() if s.kind == "leaf"}
    return WrongOrder(walk.done, leaves, walk.early)


class _Walk:
    """A walk that does not wait."""

    def __init__(self, seen_pass: Pass, agains: Sequence[Again]) -> None:
        self.held: dict[Source, np.ndarray] = {}
        self.done: list[Pull] = []
        self.early: tuple[int, int, int] | None = None
        self.ways: dict[int, list[tuple[Pull, Again]]] = {}
        self.due: dict[Source, int] = {}
        for pull, way in zip(seen_pass.pulls, agains, strict=True):
            self.ways.setdefault(pull.op, []).append((pull, way))
            self.due[pull.source] = self.due.get(pull.source, 0) + 1

    def visit(self, root: Source, g: np.ndarray) -> None:
        """Go as deep as possible from a root, without recursion."""
        self.held[root] = g
        stack = self._pulls(root.number)
        visited = {root.number}
        while stack:
            target = self._take(*stack.pop())
            if target.kind == "op" and target.number not in visited:
                visited.add(target.number)
                self._note(target)
                stack += self._pulls(target.number)

    def _pulls(self, number: int) -> list[tuple[Pull, Again, np.ndarray]]:
        """The pulls of an op on what it has now, the first of them last."""
        g = self.held[Source("op", number)]
        return [(pull, way, g) for pull, way in self.ways.get(number, [])[::-1]]

    def _take(self, pull: Pull, way: Again, upstream: np.ndarray) -> Source:
        given, known = way(upstream), self.held.get(pull.source)
        self.held[pull.source] = given if known is None else known + given
        self.done.append(pull._replace(upstream=seen(upstream), contribution=seen(given)))
        return pull.source

    def _note(self, target: Source) -> None:
        """Remember the first op that goes on before all that it gets has come."""
        came = sum(pull.source == target for pull in self.done)
        if self.early is None and came < self.due[target]:
            self.early = target.number, came, self.due[target]
