"""A rule that renews its own inputs, as an optimizer's does, on many tensors in one launch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import on_cuda, on_numba
from .addresses import plain_table, table
from .device import is_cuda, module_of
from .errors import RuleError
from .kernel import Kernel
from .program import Program
from .together import Together
from .tracer import Rule, trace

# Elements, over all tensors, from which one Numba launch beats NumPy's passes by enough to
# start a compiler for (`benchmarks/crossover.py`).
NUMBA_FROM = 4_096
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Update(Kernel):
    """`update(tensors, **scalars)`: each item of `tensors` holds an array for every input of
    the rule; outputs are written over the inputs of their names. Outputs that depend on scalars
    alone are returned, by name: they are what the next call's scalars of that name should be.

    Shapes: within an item all arrays have one shape; items may differ. Units: float32, float64
    or (through NumPy) float16, one dtype a call. Denormals are flushed to zero where there are
    enough elements to start Numba's kernels for.
    """

    def __init__(self, rule: Rule, reader: str | None = None) -> None:
        self.rule, self.program, self.reader = rule, trace(rule, scales=True), reader
        _check_outputs(self.program)
        self._by_numpy = Together(self.program)
        self._written = [place for _, place in self._by_numpy.stores]
        self.renewed = tuple(self.program.inputs[place] for place in self._written)
        super().__init__(self.program.name, self._update)

    def flushes(self, tensors: Sequence[tuple[Any, ...]]) -> bool:
        """Whether an update of these counts denormals as 0: Numba's kernels do, on x86."""
        if is_cuda(tensors[0][0]) or self._table(tensors) is None:
            return False
        from .low_level import FLUSHES  # which starts Numba

        return FLUSHES

    def _update(self, tensors: Sequence[tuple[Any, ...]], **scalars: Any) -> dict[str, float]:
        hoisted = self.program.host_values(scalars)
        self._run(tensors, hoisted)
        if not self.program.host_names:
            return {}
        values = dict(zip(self.program.hoisted, hoisted))
        pairs = zip(self.program.output_names, self.program.outputs)
        return {name: values[node] for name, node in pairs if not node.elementwise}

    def _run(self, tensors: Sequence[tuple[Any, ...]], hoisted: list[float]) -> None:
        if tensors and is_cuda(tensors[0][0]):
            self._on_cuda(tensors, hoisted)
        elif (rows := self._table(tensors)) is not None:
            on_numba.update(self.program, tensors[0][0].dtype.name)(rows, *hoisted)
        else:
            self._by_numpy(tensors, hoisted)

    def prepare(self, tensors: Sequence[tuple[Any, ...]]) -> None:
        """Compile now what the first update of such tensors would have to wait for."""
        is_on_host = bool(tensors) and not is_cuda(tensors[0][0])
        if is_on_host and (rows := self._table(tensors)) is not None:
            ones = self.program.host_values(dict.fromkeys(self.program.scalars, 0.5))
            on_numba.update(self.program, tensors[0][0].dtype.name)(rows[:0], *ones)

    def _table(self, tensors: Sequence[tuple[Any, ...]]) -> Any:
        """Where the arrays lie, for Numba's kernel; None where NumPy updates them."""
        if not tensors or self.reader == "numpy":
            return None
        if self.reader is not None:
            found = plain_table(tensors, self._written)
            return table(tensors) if found is None else found
        size = sum([item[0].size for item in tensors])
        if tensors[0][0].dtype not in FLOATS or size < NUMBA_FROM:
            return None
        return plain_table(tensors, self._written)

    def _on_cuda(self, tensors: Sequence[tuple[Any, ...]], hoisted: list[float]) -> None:
        """One launch for all that lies in memory as the kernel reads it; one for each other."""
        first = tensors[0][0]
        plain = [_is_plain_cuda(arrays, first.dtype) for arrays in tensors]
        for arrays in [a for a, fits in zip(tensors, plain, strict=True) if not fits]:
            self._by_numpy.store(arrays, on_cuda.read(self.program)(*arrays, *hoisted))
        rows = table([arrays for arrays, fits in zip(tensors, plain, strict=True) if fits])
        if len(rows):  # CuPy would launch a block for none
            cupy = module_of(first)
            launch = on_cuda.update(self.program, first.dtype.name, cupy)
            scalars = map(np.float64, hoisted)
            launch((len(rows),), (on_cuda.THREADS,), (cupy.asarray(rows), *scalars))


def _check_outputs(program: Program) -> None:
    """Refuse outputs that are no renewed inputs or scalars."""
    nodes = zip(program.output_names, program.outputs, strict=True)
    homes = {n: program.inputs if node.elementwise else program.scalars for n, node in nodes}
    if extra := [n for n, home in homes.items() if n not in home]:
        raise RuleError(
            f"rule {program.name}",
            "outputs named as its inputs",
            f"{sorted(extra)}",
            "return the renewed inputs by name",
        )


def _is_plain_cuda(arrays: tuple[Any, ...], dtype: Any) -> bool:
    """Whether the CUDA kernel can read and write these arrays by their addresses."""
    return dtype.name in on_cuda.C_TYPES and all(
        [is_cuda(a) and a.dtype == dtype and a.flags.c_contiguous for a in arrays]
    )
