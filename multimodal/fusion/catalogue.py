"""The table of feature fusions: what the command line, the proofs and the result table know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .concat import Concat
from .fusion import Fusion
from .gate import Gate
from .sums import Sum

Widths = Mapping[str, int]


@dataclass(frozen=True)
class Row:
    """A fusion by name. `make(widths, width, rng)` builds it; `width` is the width D that is
    wanted where it is free. `equal`: all d_m must be one number."""

    name: str
    make: Callable[[Widths, int, np.random.Generator], Fusion]
    what: str
    equal: bool = False
    tokens: bool = False


FUSIONS = {
    row.name: row
    for row in (
        Row("concat", lambda w, d, rng: Concat(w), "[f_1 .. f_M]"),
        Row("sum", lambda w, d, rng: Sum(w), "f_1 + .. + f_M", equal=True),
        Row("gate", lambda w, d, rng: Gate(w, rng=rng), "sigmoid(u W^T + b) * u"),
    )
}
