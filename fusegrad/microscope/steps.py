"""What optimizers did to chosen elements, step by step: the numbers that their kernels had."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..kernels import OptionError
from ..kernels.node import Node
from ..kernels.program import Program
from ..optim import Optimizer
from ..optim.coming import Coming, coming, taken
from ..optim.walk import walked
from .choosing import Choice, flat
from .names import Names


@dataclass
class Followed:
    """Some elements of one parameter under one optimizer.

    Each list has an entry a step: t, the scalars of the rule, the inputs of the rule before the
    step, what the kernel left behind, and whether it took denormals for 0, which depends on how
    much it had to do (`flushes` says it of the first). Shapes: arrays (elements,), in the order
    of `flat`.
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
    flushed: list[bool] = field(default_factory=list, repr=False)

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
        if not self.shape:
            return [()] * len(self.flat)
        return [tuple(map(int, i)) for i in zip(*self.at)]

    @property
    def renewed(self) -> tuple[str, ...]:
        """The arrays that a step leaves behind: the parameter and its states."""
        return tuple(name for name in self.program.stored if name)

    def values(self, step: int) -> dict[Node, Any]:
        """Every value of the rule at a step, word by word. Shapes: (elements,) or a float."""
        return walked(self.program, self.before[step], self.scalars[step], self.flushed[step])

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
            expected, repair = f"a step from {min(self.t)} to {max(self.t)}", "choose one seen"
            raise OptionError(f"Trace of {self.name}", expected, str(t), repair)
        return self.t.index(t)

    def equal(self, step: int) -> bool:
        """Whether what the kernel left is, bit for bit, what the rule says."""
        values, kept = self.values(step), self.after[step]
        pairs = zip(self.program.stored, self.program.outputs, strict=True)
        return all(np.array_equal(values[n], kept[x], equal_nan=True) for x, n in pairs if x)


class _Waiting(NamedTuple):
    """What a step has read, until it is known what it did."""

    log: Followed
    t: int
    flushes: bool
    scalars: dict[str, float]
    before: dict[str, np.ndarray]


class StepLog:
    """Looks on at the steps of all optimizers, and keeps the numbers of chosen elements."""

    def __init__(self, names: Names, choice: Choice) -> None:
        self.names, self.choice = names, choice
        self.followed: dict[tuple[int, ...], Followed] = {}
        self.waiting: dict[int, list[_Waiting]] = {}  # threads may step optimizers side by side
        self.rows_left_out = 0  # gradients of some rows, which are not followed
        self.skipped = 0
        self.stepped: dict[str, None] = {}  # the names of all parameters that did

    def before_step(self, optimizer: Optimizer) -> None:
        """Keep what the step will read."""
        waiting = self.waiting[id(optimizer)] = []
        for now in coming(optimizer):
            self.stepped[self.names.of(now.p)] = None
            if now.work.rows is not None:
                self.rows_left_out += 1
            elif (log := self._log(optimizer, now)) is not None:
                before = now.elements(log.at)
                waiting.append(_Waiting(log, now.t, now.flushes, dict(now.scalars), before))

    def after_step(self, optimizer: Optimizer) -> None:
        """Keep what the step has left; of one that was left out, nothing."""
        waiting, is_skipped = self.waiting.pop(id(optimizer), []), False
        for log, t, flushes, scalars, before in waiting:
            state = {"theta": log.p.data, **optimizer.state.get(log.p, {})}
            if state.get("step") != t:
                is_skipped = True
                continue
            log.t.append(t)
            log.flushed.append(flushes)
            log.scalars.append(scalars)
            log.before.append(before)
            log.after.append({n: taken(state[n], log.at) for n in log.renewed})
        self.skipped += is_skipped

    def _log(self, optimizer: Optimizer, now: Coming) -> Followed | None:
        """Where the steps of a parameter are kept: by optimizer, by dtype, and by rule, which
        changes where weight decay begins or ends."""
        key = id(optimizer), id(now.p), id(now.program), now.work.arrays["theta"].dtype.num
        if key not in self.followed:
            name = self.names.of(now.p)
            chosen = self._chosen(name, optimizer, now)
            if not len(chosen):
                return None
            name = self._free(name, now.program.name)
            log = Followed(name, now.p, chosen, optimizer, now.program, now.flushes)
            self.followed[key] = log
        return self.followed[key]

    def _free(self, name: str, rule: str) -> str:
        """The name of a parameter; where steps of it are kept already, with the rule, and a
        number behind it."""
        called = {log.name for log in self.followed.values()}
        more = (f"{name} ({rule})#{k}" for k in count(2))
        return next(n for n in chain((name, f"{name} ({rule})"), more) if n not in called)

    def _chosen(self, name: str, optimizer: Optimizer, now: Coming) -> np.ndarray:
        """Elements of a parameter: those that are followed already, or its share."""
        logs = list(self.followed.values())
        if (known := next((log.flat for log in logs if log.p is now.p), None)) is not None:
            return known
        mine = {id(log.p): len(log.flat) for log in logs if log.optimizer is optimizer}
        parameters = sum(len(group["params"]) for group in optimizer.param_groups)
        return self.choice.elements(name, now.p.shape, parameters, sum(mine.values()))
