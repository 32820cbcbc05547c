"""All steps of a followed parameter at once: every value of its rule, and what was left."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.node import Node
from ..optim.walk import walked
from .steps import Followed


class Course:
    """A run as arrays. Shapes: (steps, elements) each; (steps, 1) of what the host computes."""

    def __init__(self, log: Followed) -> None:
        self.log = log
        self.before = _stacked(log.before, log.program.inputs)
        self.after = _stacked(log.after, log.renewed)
        self.values = self._values()

    def _values(self) -> dict[Node, np.ndarray]:
        """Those of steps whose kernel took denormals for 0, and of the others, in place."""
        flushed = np.array(self.log.flushed, bool)
        found: dict[Node, np.ndarray] = {}
        for flushes in set(self.log.flushed):
            rows = np.flatnonzero(flushed == flushes)
            arrays = {name: x[rows] for name, x in self.before.items()}
            scalars = [self.log.scalars[k] for k in rows]
            for node, x in walked(self.log.program, arrays, scalars, flushes).items():
                x = np.asarray(x)
                found.setdefault(node, np.empty((len(flushed), x.shape[1]), x.dtype))[rows] = x
        return found

    def element(self, node: Node, place: int) -> np.ndarray:
        """A value of one element, step by step. Shapes: (steps,)."""
        x = self.values[node]
        return x[:, place if x.shape[1] > 1 else 0]

    @property
    def equal(self) -> np.ndarray:
        """Whether what the kernel left of a step is, bit for bit, what the rule says. Shapes:
        (steps,)."""
        program, same = self.log.program, np.ones(len(self.log.t), bool)
        for name, node in zip(program.stored, program.outputs, strict=True):
            if name:
                same &= (as_bits(self.values[node]) == as_bits(self.after[name])).all(axis=1)
        return same

    @property
    def prints(self) -> np.ndarray:
        """A print of what each step left behind: FNV-1a over 32-bit halves, every nan one."""
        h = np.full((len(self.log.t), len(self.log.flat)), 2166136261, np.uint64)
        for name in self.log.renewed:
            bits = as_bits(self.after[name])
            for half in (bits >> np.uint64(32), bits & np.uint64(0xFFFFFFFF)):
                h = ((h ^ half) * np.uint64(16777619)) & np.uint64(0xFFFFFFFF)
        return h

    def moved(self, name: str) -> np.ndarray:
        """Whether a step began elsewhere than the last one ended, since something else set it.
        Shapes: (steps, elements)."""
        found = np.zeros(self.before[name].shape, bool)
        found[1:] = as_bits(self.before[name][1:]) != as_bits(self.after[name][:-1])
        return found

    def host_moved(self, name: str) -> np.ndarray:
        """The same of a state that the host keeps. Shapes: (steps,)."""
        program = self.log.program
        left = self.values[dict(zip(program.output_names, program.outputs))[name]][:, 0]
        begun, found = [s[name] for s in self.log.scalars], np.zeros(len(left), bool)
        found[1:] = as_bits(begun[1:]) != as_bits(left[:-1])
        return found


def as_bits(x: Any) -> np.ndarray:
    """Floats as whole numbers, every nan the same."""
    x = np.asarray(x, float)
    return np.where(np.isnan(x), np.nan, x).view(np.uint64)


def _stacked(rows: list[dict[str, np.ndarray]], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: np.stack([row[name] for row in rows]) for name in names}
