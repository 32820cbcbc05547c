"""What the next step will do, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..kernels.gather import getitem
from ..kernels.locking import opened
from ..kernels.node import Node
from ..kernels.program import Program
from .launch import Launch, launches
from .memory import Work
from .walk import walked

if TYPE_CHECKING:
    from .optimizer import Optimizer


class Coming(NamedTuple):
    """One parameter in the launch that is to renew it: the rule, its scalars at step t, and
    whether the kernel will take denormals for 0."""

    p: Tensor
    program: Program
    t: int
    scalars: dict[str, float]
    flushes: bool
    work: Work

    def elements(self, picked: Any) -> dict[str, np.ndarray]:
        """The inputs of the rule at some elements, of those rows that move. Shapes: (n,)."""
        arrays = {name: self.work.arrays[name] for name in self.program.inputs}
        return {name: taken(a, picked) for name, a in arrays.items()}

    def walked(self, elements: dict[str, np.ndarray]) -> dict[Node, Any]:
        """Every value of the rule at these elements, as the kernel will compute it."""
        return walked(self.program, elements, self.scalars, self.flushes)


def coming(optimizer: Optimizer) -> list[Coming]:
    """Every parameter that has a gradient, with what `step` would do to it now."""
    known = set(optimizer.state)
    try:
        every = list(launches(optimizer, optimizer.skip_non_finite))
    finally:
        for new in optimizer.state.keys() - known:  # looking is no step
            del optimizer.state[new]
    return [one for launch in every for one in _of(launch)]


def _of(launch: Launch) -> Iterator[Coming]:
    update, program = launch.update, launch.update.program
    tensors = [w.inputs(program.inputs, update.renewed) for w in launch.works]
    with opened([w.arrays["theta"] for w in launch.works]):  # as when it runs
        flushes = update.flushes(tensors)
    for work in launch.works:
        yield Coming(work.p, program, launch.t, launch.scalars, flushes, work)


def taken(array: Any, picked: Any) -> np.ndarray:
    """Some elements, as an array of NumPy's; of a GPU's array, these alone are moved."""
    some = getitem(array, index=picked)
    return np.array(some.get() if hasattr(some, "get") else some)
