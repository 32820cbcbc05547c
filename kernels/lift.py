"""`lift(rule)`: a rule as one callable on arrays. Their type picks the device, their size and
layout pick the reader."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from . import on_cuda, on_numba, on_numpy
from .compiled import FROM as NUMBA_FROM
from .device import is_cuda
from .errors import OptionError, RuleError
from .kernel import Kernel
from .layout import FLOATS, are_alike, float_of, is_on_host, model
from .one_word import of_ufunc
from .program import Program
from .tracer import Rule, trace

SLOW_FROM = 2_048  # elements, where NumPy has no form of a word, and takes 80 ns for each
WRAPPING = {"add", "subtract", "multiply", "negative", "absolute"}
HOST = frozenset({np.ndarray, bool, int, float})
READERS = {"numpy": on_numpy.read, "numba": on_numba.read, "cuda": on_cuda.read}


class Lifted(Kernel):
    """A rule as a kernel. `reader` names one reader to use always, for checks."""

    def __init__(
        self,
        rule: Rule,
        name: str = "",
        reader: str | None = None,
        elements: tuple[str, ...] = (),
    ) -> None:
        self.program, self.reader = trace(rule, name, elements), reader
        if not all(n.elementwise for n in self.program.outputs):
            raise RuleError(
                f"rule {self.program.name}",
                "outputs that depend on an element",
                "a constant",
                "use a positional argument",
            )
        if reader is not None and reader not in READERS:
            raise OptionError(
                "lift", f"reader in {', '.join(READERS)}", repr(reader), "choose one of these"
            )
        self._functions: dict[str, Callable[..., Any]] = {}
        plain = not (self.program.hoisted or self.program.is_slow)
        self._is_plain = reader is None and plain
        words = {n.name for n in self.program.words}
        self._may_wrap = len(self.program.words) > 1 and bool(words & WRAPPING)
        super().__init__(self.program.name, self._one_ufunc() or self._read)

    def _read(self, *arrays: Any, **scalars: Any) -> Any:
        first, last = arrays[0], arrays[-1]
        if self._may_wrap and first.__class__ is np.ndarray and first.dtype.kind in "iu":
            arrays = tuple(_as_floats(arrays))
            first, last = arrays[0], arrays[-1]
        if (  # the common case, kept short
            self._is_plain
            and first.__class__ is np.ndarray
            and first.size < NUMBA_FROM
            and (last.__class__ is not np.ndarray or last.size < NUMBA_FROM)
            and HOST.issuperset(map(type, arrays))
        ):
            return self._numpy(*arrays)
        reader = self.reader or choose(self.program, arrays)
        if reader not in self._functions:
            self._functions[reader] = READERS[reader](self.program)
        return self._functions[reader](*arrays, *self.program.host_values(scalars))

    def _one_ufunc(self) -> Callable[..., Any] | None:
        """A rule of one word on its own arguments, in their order, is that word's ufunc."""
        word = self.program.only_word
        if self.reader is not None or word is None or not isinstance(word.numpy, np.ufunc):
            return None
        return of_ufunc(word, self._read)

    @cached_property
    def _numpy(self) -> Callable[..., Any]:
        """NumPy's reading, made when first called for."""
        read = self._functions["numpy"] = READERS["numpy"](self.program)
        return read


def _as_floats(arrays: tuple[Any, ...]) -> list[Any]:
    """Whole numbers as floats where all are whole: a formula of several words means numbers,
    and its steps must not wrap around."""
    if not all(getattr(a, "dtype", np.dtype(type(a))).kind in "iub" for a in arrays):
        return list(arrays)
    return [
        a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype.kind in "iu" else a
        for a in arrays
    ]


def choose(program: Program, arrays: tuple[Any, ...]) -> str:
    """`cuda` for CuPy arrays; `numba` for large float arrays that lie alike, beside which
    single numbers may stand, where a fused loop gains; else `numpy`."""
    if any(map(is_cuda, arrays)):
        return "cuda"
    if program.is_for_numpy:
        return "numpy"
    return "numba" if _is_large_and_plain(program, arrays) else "numpy"


def _is_large_and_plain(program: Program, arrays: tuple[Any, ...]) -> bool:
    least = SLOW_FROM if program.is_slow else NUMBA_FROM
    if are_alike(arrays):
        return arrays[0].size >= least and arrays[0].dtype in FLOATS
    if not all(map(is_on_host, arrays)):
        return False
    first = model(arrays)
    return first is not None and first.size >= least and float_of(arrays) is not None


def lift(
    rule: Rule, name: str = "", reader: str | None = None, elements: tuple[str, ...] = ()
) -> Lifted:
    """A rule as a callable on arrays. `elements` names the arguments of a rule of `*values`.

    >>> import numpy as np
    >>> axpy = lift(lambda x, y, *, a: a * x + y, "axpy")
    >>> axpy(np.array([1.0, 2.0]), np.array([10.0, 20.0]), a=3)
    array([13., 26.])

    Shapes: inputs broadcast. Raises: RuleError where the rule leaves the vocabulary.
    """
    return Lifted(rule, name, reader, elements)
