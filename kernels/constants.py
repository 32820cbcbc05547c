"""The constants of the vocabulary."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Constant:
    """A number that every reader knows to its own precision."""

    name: str
    value: float
    exact: Callable[[Any], Any]


CONSTANTS = {
    c.name: c
    for c in (
        Constant("pi", math.pi, lambda mp: +mp.pi),
        Constant("log_2", math.log(2), lambda mp: mp.log(2)),
        Constant("log_10", math.log(10), lambda mp: mp.log(10)),
        Constant("sqrt_2", math.sqrt(2), lambda mp: mp.sqrt(2)),
        Constant("sqrt_pi", math.sqrt(math.pi), lambda mp: mp.sqrt(mp.pi)),
        Constant("sqrt_half", math.sqrt(0.5), lambda mp: mp.sqrt(0.5)),
        Constant("bell", 1 / math.sqrt(2 * math.pi), lambda mp: 1 / mp.sqrt(2 * mp.pi)),
        Constant("sqrt_2pi", math.sqrt(2 * math.pi), lambda mp: mp.sqrt(2 * mp.pi)),
    )
}
