"""What a case says of an op that is no row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

Shapes = tuple[tuple[int, ...], ...]
Use = tuple[Shapes, tuple[Any, ...]]  # shapes of the Tensors, parameters


def numbers(shapes: Shapes) -> list[np.ndarray]:
    """Numbers between -1.5 and 1.4, of which no two tie, nor their squares."""
    rng = np.random.default_rng(7)
    return [rng.permutation(np.linspace(-1.5, 1.4, int(np.prod(s)))).reshape(s) for s in shapes]


HERE = "compared in test_against_torch.py"


class Operation(NamedTuple):
    """How an op is called on Tensors and parameters, and what it is held against.

    `oracle` takes arrays of 50-digit numbers in place of Tensors. `torch`, if given, takes the
    module torch first, then torch's tensors; a string says why there is nothing to compare.
    `draw` makes the arguments from their shapes.
    """

    call: Callable[..., Any]
    oracle: Callable[..., Any]
    uses: Sequence[Use]
    torch: Callable[..., Any] | str = HERE
    draw: Callable[[Shapes], list[np.ndarray]] = numbers
