"""NumPy's update of many tensors: small ones as one, since a call takes longer than they do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from . import on_numpy
from .program import Program

TOGETHER = 65_536  # elements up to which a copy is cheaper than the calls it saves


class Together:
    """`together(tensors, hoisted)`: outputs are written over the inputs of their names."""

    def __init__(self, program: Program) -> None:
        self.program, places = program, program.inputs
        self.stores = [(k, places.index(n)) for k, n in enumerate(program.stored) if n]
        self._passed = [k for k, node in enumerate(program.outputs) if node.is_leaf]

    @cached_property
    def _mixed(self) -> Any:
        return on_numpy.read(self.program)

    @cached_property
    def _alike(self) -> Any:
        return on_numpy.read(self.program, alike=True)

    def __call__(self, tensors: Sequence[tuple[Any, ...]], hoisted: list[float]) -> None:
        alike = [_are_alike(arrays, tensors[0][0].dtype) for arrays in tensors]
        size = sum([arrays[0].size for arrays in tensors])
        if len(tensors) > 1 and size <= TOGETHER and all(alike):
            self._as_one(tensors, hoisted)
            return
        for arrays, fits in zip(tensors, alike, strict=True):
            read = self._alike if fits and arrays[0].shape else self._mixed
            self.store(arrays, read(*arrays, *hoisted))

    def _as_one(self, tensors: Sequence[tuple[Any, ...]], hoisted: list[float]) -> None:
        columns = [np.concatenate(column, axis=None) for column in zip(*tensors)]
        outputs = _several(self._alike(*columns, *hoisted))
        start = 0
        for arrays in tensors:
            shape, end = arrays[0].shape, start + arrays[0].size
            for k, place in self.stores:
                arrays[place][...] = outputs[k][start:end].reshape(shape)
            start = end

    def store(self, arrays: tuple[Any, ...], outputs: Any) -> None:
        """Write the outputs of one reading over the inputs of their names."""
        values = list(_several(outputs))
        for k in self._passed:  # an input that goes out as another may be overwritten before
            values[k] = values[k].copy()
        for k, place in self.stores:
            arrays[place][...] = values[k]


def _several(outputs: Any) -> tuple[Any, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)


def _are_alike(arrays: tuple[Any, ...], dtype: Any) -> bool:
    shape = arrays[0].shape
    for a in arrays:
        if a.dtype != dtype or a.shape != shape:
            return False
    return bool(dtype.kind == "f")
