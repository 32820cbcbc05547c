"""What optimizers did to chosen elements, step by step: the numbers that their kernels had."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine import Tensor
from ..kernels import OptionError
from ..kernels.node import Node
from ..kernels.program import Program
from ..optim import Optimizer
from ..optim.coming import Coming, coming, on_host
from ..optim.walk import walked
from .choosing import Choice, flat
from .names import Names


@dataclass
class Followed:
    """Some elements of one parameter under one optimizer.

    Each list has an entry a step: t, the scalars of the rule, the inputs of the rule before the
    step, and what the kernel left behind. Shapes: arrays (elements,), in the order of `flat`.
    """

    name: str
    p: Tensor = field(repr=False)
    flat: np.ndarray
    optimizer: Optimizer = field(repr=False)
    program: Program = field(repr=False)
    flushes: bool
    t: list[int] = field(default_factory=list, repr=False)
    scalars: list[dict[str, float]] = field(default_factory=list, repr=False)
    before: list[dict[str, np.ndarray]] = field(default_factory=list, repr=False)
    after: list[dict[str, np.ndarray]] = field(default_factory=list, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.p.shape

    @property
    def at(self) -> tuple[Any, ...]:
        """The elements, as an index that gives them in a row."""
        return np.unravel_index(self.flat, self.shape) if self.shape else (np.newaxis,)

    @property
    def indices(self) -> list[tuple[int, ...]]:
        """Where the elements stand in the parameter."""
        return [tuple(map(int, i)) for i in np.argwhere(np.ones(self.shape))[self.flat]]

    @property
    def renewed(self) -> tuple[str, ...]:
        """The arrays that a step leaves behind: the parameter and its states."""
        return tuple(name for name in self.program.stored if name)

    def values(self, step: int) -> dict[Node, Any]:
        """Every value of the rule at a step, word by word. Shapes: (elements,) or a float."""
        return walked(self.program, self.before[step], self.scalars[step], self.flushes)

    def place(self, index: Any) -> int:
        """Where an element stands among those followed. Raises: OptionError for another."""
        at = flat(self.name, self.shape, index)
        if at not in self.flat:
            known = ", ".join(map(str, self.indices[:8]))
            where, got = f"Trace of {self.name}", repr(index)
            repair = f"trace(follow={{{self.name!r}: [{index!r}]}})"
            raise OptionError(where, f"an element that is followed: {known}", got, repair)
        return int(np.flatnonzero(self.flat == at)[0])

    def row(self, t: int) -> int:
        """The entry of step t. Raises: OptionError for one that was not seen."""
        if t not in self.t:
            expected, repair = f"a step from {self.t[0]} to {self.t[-1]}", "choose one of these"
            raise OptionError(f"Trace of {self.name}", expected, str(t), repair)
        return self.t.index(t)

    def equal(self, step: int) -> bool:
        """Whether what the kernel left is, bit for bit, what the rule says."""
        values, kept = self.values(step), self.after[step]
        pairs = zip(self.program.stored, self.program.outputs, strict=True)
        return all(np.array_equal(values[n], kept[x], equal_nan=True) for x, n in pairs if x)


class StepLog:
    """Looks on at the steps of all optimizers, and keeps the numbers of chosen elements."""

    def __init__(self, names: Names, choice: Choice) -> None:
        self.names, self.choice = names, choice
        self.followed: dict[tuple[int, ...], Followed] = {}
        self.waiting: list[tuple[Followed, Coming]] = []
        self.rows_left_out = 0  # gradients of some rows, which are not followed
        self.skipped = 0

    def before_step(self, optimizer: Optimizer) -> None:
        """Keep what the step will read."""
        every = coming(optimizer)
        self.waiting = []
        for now in every:
            if now.work.rows is not None:
                self.rows_left_out += 1
            elif (log := self._log(optimizer, now, len(every))) is not None:
                log.t.append(now.t)
                log.scalars.append(dict(now.scalars))
                log.before.append(now.elements(log.at))
                self.waiting.append((log, now))

    def after_step(self, optimizer: Optimizer) -> None:
        """Keep what the step has left; of one that was left out, nothing."""
        for log, now in self.waiting:
            state = {"theta": now.p.data, **optimizer.state.get(now.p, {})}
            if state.get("step") != now.t:
                self.skipped += 1
                for entries in (log.t, log.scalars, log.before):
                    entries.pop()
            else:
                log.after.append({n: on_host(state[n])[log.at].copy() for n in log.renewed})
        self.waiting = []

    def _log(self, optimizer: Optimizer, now: Coming, count: int) -> Followed | None:
        key = id(optimizer), id(now.p), id(now.program)
        if key not in self.followed:
            name, taken = self.names.of(now.p), sum(len(x.flat) for x in self.followed.values())
            chosen = self.choice.elements(name, now.p.shape, count, taken)
            if not len(chosen):
                return None
            log = Followed(name, now.p, chosen, optimizer, now.program, now.flushes)
            self.followed[key] = log
        return self.followed[key]
