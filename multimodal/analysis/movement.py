"""How far one step moves the weights of each branch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...engine import Tensor
from ...kernels.advance import advance
from .measures import remember

Held = Mapping[str, Sequence[Tensor]]
Sizes = dict[str, float]


class Movement:
    """Remembers weights before a step, in memory that is kept from step to step. Where nothing
    but the step has changed a weight, what it was is known from the step before."""

    def __init__(self) -> None:
        self._memory: dict[int, Any] = {}
        self._seen: dict[
            int, tuple[Any, int]
        ] = {}  # the array that was remembered, its version

    def begin(self, held: Held) -> None:
        """Before the step."""
        kept = _once(held)
        self._memory = {key: self._remembered(key, p) for key, p in kept.items()}
        self._seen = {key: (p.data, p.version) for key, p in kept.items()}

    def end(self, held: Held) -> tuple[Sizes, Sizes]:
        """After it: by branch, the norm of its weights before, and of their change."""
        kept = _once(held)
        squares = {key: advance(self._memory[key], p.data) for key, p in kept.items()}
        self._seen = {key: (p.data, p.version) for key, p in kept.items()}
        sizes, moves = (
            {n: math.sqrt(math.fsum(squares[id(p)][i] for p in ps)) for n, ps in held.items()}
            for i in (0, 1)
        )
        return sizes, moves

    def _remembered(self, key: int, p: Tensor) -> Any:
        array, version = self._seen.get(key, (None, -1))
        memory = self._memory.get(key)
        return memory if array is p.data and version == p.version else remember(p.data, memory)


def _once(held: Held) -> dict[int, Tensor]:
    """Every parameter of all branches once, by identity."""
    return {id(p): p for parameters in held.values() for p in parameters}
