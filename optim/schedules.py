"""Settings that follow the step: functions of t, which any setting of an optimizer may be.

    optim.Adam(params, lr=Cosine(1e-3, steps=1000))
    optim.Adam(params, betas=(Geometric(0.9, 0.999), 0.999))

t is the count of a parameter's own steps, from 1: nothing to call, nothing to save. What a
momentum buffer makes of a step size that changes is a matter of the optimizer: `SGD`,
`Momentum` and `Nesterov` multiply the buffer when it is used, as PyTorch does, and all of it
feels the change at once; `dialect("momentum", "keras")` multiplies what goes into the buffer,
which keeps the step sizes of its time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..kernels import OptionError


@dataclass(frozen=True)
class Schedule:
    """A setting as a function of t = 1, 2, 3, ... Any function will do; one of your own that is
    a frozen dataclass with `__call__(t)` can also be compared, and saved in a state."""

    def __call__(self, t: int) -> float:
        raise OptionError(
            type(self).__name__, "a schedule with a formula", "none", "define __call__(t)"
        )


@dataclass(frozen=True)
class Constant(Schedule):
    """value."""

    value: float

    def __call__(self, t: int) -> float:
        return self.value


@dataclass(frozen=True)
class InverseSqrt(Schedule):
    """value / sqrt(t), of Theorem 4.1 of the Adam paper: regret then vanishes.

    >>> InverseSqrt(0.1)(4)
    0.05
    """

    value: float

    def __call__(self, t: int) -> float:
        return self.value / math.sqrt(t)


@dataclass(frozen=True)
class InverseTime(Schedule):
    """value / (1 + rate (t - 1)): `lr_decay` of PyTorch's Adagrad.

    >>> InverseTime(0.1, rate=1.0)(5)
    0.02
    """

    value: float
    rate: float

    def __call__(self, t: int) -> float:
        return self.value / (1 + self.rate * (t - 1))


@dataclass(frozen=True)
class Geometric(Schedule):
    """value * factor^(t - 1), as beta1 lambda^(t - 1) of Theorem 4.1.

    Differs: Adam's correction 1 - beta1^t is wrong for a beta1 that changes; `AdamConvex` takes
    the product of all of them.
    """

    value: float
    factor: float

    def __call__(self, t: int) -> float:
        return self.value * self.factor ** (t - 1)


@dataclass(frozen=True)
class Step(Schedule):
    """value * factor^floor((t - 1) / every): constant for `every` steps.

    >>> [Step(1.0, every=2, factor=0.5)(t) for t in (1, 2, 3, 4, 5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    value: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check_count("Step", "every", self.every)

    def __call__(self, t: int) -> float:
        return float(self.value * self.factor ** ((t - 1) // self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """floor + (value - floor) (1 + cos(pi (t - 1) / steps)) / 2, and floor from then on.

    >>> [round(Cosine(1.0, steps=2)(t), 6) for t in (1, 2, 3, 9)]
    [1.0, 0.5, 0.0, 0.0]
    """

    value: float
    steps: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        _check_count("Cosine", "steps", self.steps)

    def __call__(self, t: int) -> float:
        done = min((t - 1) / self.steps, 1.0)
        return self.floor + (self.value - self.floor) * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True)
class WarmUp(Schedule):
    """then(t) * min(t / steps, 1), where `then` is a number or a schedule.

    >>> [WarmUp(1.0, steps=4)(t) for t in (1, 2, 4, 5)]
    [0.25, 0.5, 1.0, 1.0]
    """

    then: float | Schedule
    steps: int

    def __post_init__(self) -> None:
        _check_count("WarmUp", "steps", self.steps)

    def __call__(self, t: int) -> float:
        return at(self.then, t) * min(t / self.steps, 1.0)


def _check_count(where: str, name: str, value: int) -> None:
    if not value >= 1:
        raise OptionError(where, f"{name} >= 1", f"{name}={value!r}", "count steps from 1")


def at(setting: Any, t: int) -> Any:
    """A setting at step t."""
    return setting(t) if callable(setting) else setting
