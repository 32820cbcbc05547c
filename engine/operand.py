"""What may stand beside a Tensor in an op: arrays, numbers, and what NumPy makes arrays of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import DTypeError
from ..kernels.device import is_cuda
from .value import Value

PLAIN = frozenset({np.ndarray, bool, int, float, np.float32, np.float64, np.int64})


def operand(where: str, x: Any) -> Any:
    """x as an array or a number that nobody else can write to.

    Raises: DTypeError for a masked array, whose mask would be lost, for a list of Tensors,
    whose gradients would be, and for what holds no numbers.
    """
    if isinstance(x, np.generic) or is_cuda(x):
        return x
    if isinstance(x, np.ma.MaskedArray):
        repair = "fill it, or choose with fg.where"
        raise DTypeError(where, "plain arrays", "a masked array", repair)
    if holds_tensors(x):
        raise DTypeError(where, "numbers", "a list of Tensors", "fg.stack makes one of them")
    array = np.array(x)
    if array.dtype.kind not in "fiub":
        got = f"{type(x).__name__} {x!r}"[:60]
        raise DTypeError(where, "numbers", got, "give Tensors, arrays or numbers")
    return array


def holds_tensors(x: Any) -> bool:
    """Whether x is a list or tuple with Tensors in it, however deep."""
    return isinstance(x, (list, tuple)) and any(
        [isinstance(v, Value) or holds_tensors(v) for v in x]
    )
