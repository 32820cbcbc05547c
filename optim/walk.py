"""A rule word by word, as its kernel computes it: every value on the way, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..kernels import Word
from ..kernels.node import Node
from ..kernels.program import Program

Scalars = Mapping[str, float]


def walked(
    program: Program,
    arrays: Mapping[str, Any],
    scalars: Scalars | Sequence[Scalars],
    flushes: bool,
) -> dict[Node, Any]:
    """Every node's value, in the precision of theta; those of scalars alone are floats.

    `flushes` says whether the kernel takes denormals for 0. Several steps at once have scalars
    for each. Shapes: arrays all of one shape; of several steps (steps, ...), and (steps, 1) of
    what depends on scalars alone.
    """
    kernel = _Kernel(arrays["theta"].dtype, flushes)
    values: dict[Node, Any] = _numbers(program, scalars)
    with np.errstate(all="ignore"):
        for node in program.nodes:
            if node.is_leaf and node.elementwise:
                values[node] = kernel.flushed(arrays[node.value])
            elif node.elementwise:
                values[node] = kernel.word(node.function, [values[a] for a in node.args])
    return values


# What the host computed of whole runs: parameters that step together share their scalars.
_RUNS: dict[Any, dict[Node, np.ndarray]] = {}
KEPT = 4


def _numbers(program: Program, scalars: Scalars | Sequence[Scalars]) -> dict[Node, Any]:
    if isinstance(scalars, Mapping):
        return {**program.host_numbers(scalars)}
    names = tuple(scalars[0])
    key = program, names, np.array([[one[n] for n in names] for one in scalars]).tobytes()
    if key not in _RUNS:
        rows = [program.host_numbers(one) for one in scalars]
        if len(_RUNS) >= KEPT:
            _RUNS.clear()
        _RUNS[key] = {node: np.array([[row[node]] for row in rows]) for node in rows[0]}
    return {**_RUNS[key]}


class _Kernel:
    """How a kernel's numbers behave."""

    def __init__(self, dtype: np.dtype[Any], flushes: bool) -> None:
        self.dtype, self.flushes = dtype, flushes

    def word(self, word: Word, args: list[Any]) -> Any:
        value = np.asarray(word.numpy(*(self.arrived(a, word) for a in args)))
        return self.flushed(value if value.dtype == bool else value.astype(self.dtype))

    def arrived(self, x: Any, word: Word) -> Any:
        """A host's number as the kernel receives it: in the dtype of the arrays, as a rule."""
        if word.name == "scale" or getattr(x, "dtype", None) in (self.dtype, np.bool_):
            return x
        return self.flushed(np.asarray(x, self.dtype))

    def flushed(self, value: Any) -> np.ndarray:
        value = np.asarray(value)
        if not self.flushes or value.dtype == bool:
            return value
        tiny = np.finfo(value.dtype).smallest_normal
        return np.where(abs(value) < tiny, np.copysign(value.dtype.type(0), value), value)
