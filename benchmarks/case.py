"""What is measured: a case is one piece of work, and who does it.

A contender is named by its framework and, after a space, how it is asked: `torch`,
`torch fused`, `jax jit`. Each is built in a process of its own, checked against the truth of
the case once, and only then timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Arrays = Sequence[Any]  # NumPy arrays, or what np.asarray takes


class Work(NamedTuple):
    """A contender's work, built and ready."""

    step: Callable[[], object]  # what is timed; it may be called any number of times
    result: Callable[[], Arrays]  # called once, before timing: runs what is to be checked


class Floor(NamedTuple):
    """What no implementation can do without: bytes to move and multiply-adds, times two."""

    bytes: float = 0.0
    flops: float = 0.0


@dataclass(frozen=True)
class Case:
    """One piece of work. `truth` computes in float64 NumPy what every contender's `result` must
    be within `tolerance`, relative to the largest element of each array; None where there is
    nothing to compare, as for an import. `goals`: for a peer, the ratio of our time to its
    that is to be reached at most."""

    name: str
    contenders: Mapping[str, Callable[[], Work]]
    truth: Callable[[], Arrays] | None = None
    tolerance: float = 1e-4
    floor: Floor | None = None
    goals: Mapping[str, float] = field(default_factory=dict)
    unit: str = "seconds"  # by the clock; in any other, as `bytes`, `step` returns the figure
    family: str = ""  # cases of one family differ in size: they share a log-log plot
    size: float = 0.0  # elements, rows, ops: what the family varies


OURS = "fusegrad"


def framework(contender: str) -> str:
    """The module a contender needs: the first word of its name."""
    return contender.partition(" ")[0]
