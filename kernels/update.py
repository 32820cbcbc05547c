"""A rule that renews its own inputs, as an optimizer's does, on many tensors in one launch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import on_cuda, on_numba, on_numpy
from .device import is_cuda, module_of
from .errors import RuleError
from .kernel import Kernel
from .on_numba import CHUNK
from .program import Program
from .tracer import Rule, trace

# Elements, over all tensors, from which one Numba launch beats NumPy's passes by enough to
# start a compiler for (`benchmarks/crossover.py`).
NUMBA_FROM = 16_384


class Update(Kernel):
    """`update(tensors, **scalars)`: each item of `tensors` holds an array for every input of
    the rule; outputs are written over the inputs of their names. Outputs that depend on scalars
    alone are returned, by name: they are what the next call's scalars of that name should be.

    Shapes: within an item all arrays have one shape; items may differ. Units: float32, float64
    or (through NumPy) float16, one dtype a call. Denormals are flushed to zero by Numba's
    kernels.
    """

    def __init__(self, rule: Rule, reader: str | None = None) -> None:
        self.rule, self.program, self.reader = rule, trace(rule, scales=True), reader
        _check_outputs(self.program)
        self._numpy = on_numpy.read(self.program)
        self._renewed = [
            (k, self.program.inputs.index(n)) for k, n in enumerate(self.program.stored) if n
        ]
        super().__init__(self.program.name, self._update)

    @property
    def renewed(self) -> tuple[str, ...]:
        """The inputs that a call writes over."""
        return tuple(self.program.inputs[k] for _, k in self._renewed)

    def flushes(self, tensors: Sequence[tuple[Any, ...]]) -> bool:
        """Whether an update of these counts denormals as 0: Numba's kernels do, on x86."""
        if is_cuda(tensors[0][0]) or not self._use_numba(tensors):
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
        elif self._use_numba(tensors):
            on_numba.update(self.program, tensors[0][0].dtype.name)(table(tensors), *hoisted)
        else:
            self._one_by_one(self._numpy, tensors, hoisted)

    def prepare(self, tensors: Sequence[tuple[Any, ...]]) -> None:
        """Compile now what the first update of such tensors would have to wait for."""
        if tensors and not is_cuda(tensors[0][0]) and self._use_numba(tensors):
            ones = self.program.host_values(dict.fromkeys(self.program.scalars, 0.5))
            empty = table(tensors)[:0]
            on_numba.update(self.program, tensors[0][0].dtype.name)(empty, *ones)

    def _use_numba(self, tensors: Sequence[tuple[Any, ...]]) -> bool:
        if self.reader is not None:
            return self.reader == "numba" and bool(tensors)
        arrays = [a for item in tensors for a in item]
        return (
            sum(item[0].size for item in tensors) >= NUMBA_FROM
            and arrays[0].dtype in (np.float32, np.float64)
            and all(a.flags.c_contiguous and a.dtype == arrays[0].dtype for a in arrays)
            and all(a.shape == item[0].shape for item in tensors for a in item)
            and all(item[k].flags.writeable for item in tensors for _, k in self._renewed)
        )

    def _one_by_one(
        self, read: Callable[..., Any], tensors: Sequence[tuple[Any, ...]], hoisted: list[float]
    ) -> None:
        for arrays in tensors:
            outputs = read(*arrays, *hoisted)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            # An input that goes out as another one would be overwritten before it is read.
            outputs = tuple(o.copy() if any(o is a for a in arrays) else o for o in outputs)
            for k, place in self._renewed:
                arrays[place][...] = outputs[k]

    def _on_cuda(self, tensors: Sequence[tuple[Any, ...]], hoisted: list[float]) -> None:
        """One launch for all that lies in memory as the kernel reads it; one for each other."""
        first = tensors[0][0]
        plain = [_is_plain(arrays, first.dtype) for arrays in tensors]
        rest = [arrays for arrays, fits in zip(tensors, plain, strict=True) if not fits]
        self._one_by_one(on_cuda.read(self.program), rest, hoisted)
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


def _is_plain(arrays: tuple[Any, ...], dtype: Any) -> bool:
    """Whether the CUDA kernel can read and write these arrays by their addresses."""
    return dtype.name in on_cuda.C_TYPES and all(
        [is_cuda(a) and a.dtype == dtype and a.flags.c_contiguous for a in arrays]
    )


def _address(array: Any) -> int:
    if is_cuda(array):
        return int(array.data.ptr)
    return int(array.__array_interface__["data"][0])  # a fifth of the time of array.ctypes


def table(tensors: Sequence[tuple[Any, ...]]) -> np.ndarray:
    """One int64 row for each chunk of each tensor: an address for each array, and a count.

    Shapes: (chunks, arrays + 1).
    """
    rows = []
    for arrays in tensors:
        width, size = arrays[0].dtype.itemsize, arrays[0].size
        addresses = [_address(a) for a in arrays]
        for start in range(0, size, CHUNK):
            rows.append([a + width * start for a in addresses] + [min(CHUNK, size - start)])
    return np.array(rows, np.int64).reshape(-1, len(tensors[0]) + 1 if tensors else 1)
