"""How far rounding may put a row from its true value: each word of its program is moved by what
NumPy's function may err in the dtype it computes in, and the effects are added up."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fusegrad.engine import ROWS
from fusegrad.kernels import Word
from fusegrad.kernels.node import plain
from fusegrad.kernels.program import Program

ULPS = 4  # the most that NumPy's functions err, in units of the last place
Change = Callable[[int, Any], Any]


def rounding(dtype: Any, size: Any) -> Any:
    """How far off a number of a size may be in a dtype; nothing is finer than its least one."""
    info = np.finfo(dtype)
    return ULPS * (float(info.eps) * abs(size) + float(info.smallest_subnormal))


def evaluated(program: Program, values: Mapping[str, Any], change: Change) -> Any:
    """A program word by word in NumPy, where the result of each word may be changed."""
    T = np.result_type(0.0, *values.values()).type
    count = itertools.count()

    def meaning(word: Word) -> Callable[..., Any]:
        def compute(*args: Any) -> Any:
            k = next(count)
            if all(type(a) is float for a in args):  # numbers alone widen no dtype
                return float(word.numpy(*args))
            if word.name == "where" and all(type(a) is float for a in args[1:]):
                args = (args[0], T(args[1]), args[2])
            return change(k, word.numpy(*args))

        return compute

    with np.errstate(all="ignore"):
        return program.interpret(values, {}, plain, meaning)[0]


def bounded(
    program: Program, values: Mapping[str, Any], known: Mapping[str, Any]
) -> tuple[Any, Any]:
    """The value of a program in float64, and how far off it may be in the dtypes of `values`;
    `known` has what some of these are off already."""
    dtypes: dict[int, Any] = {}

    def note(k: int, v: Any) -> Any:
        dtypes[k] = v.dtype
        return v

    evaluated(program, values, note)
    wide = {n: np.asarray(v, np.float64) for n, v in values.items()}
    true = evaluated(program, wide, lambda k, v: v)
    off = np.zeros(np.shape(true))
    moved = [{**wide, n: wide[n] + known[n]} for n in wide if n in known]
    ends = [evaluated(program, values, lambda k, v: v) for values in moved]
    for one in (k for k, dtype in dtypes.items() if dtype.kind == "f"):

        def step(k: int, v: Any, one: int = one) -> Any:
            return v + rounding(dtypes[one], v) if k == one else v

        ends.append(evaluated(program, wide, step))
    with np.errstate(invalid="ignore"):
        return true, off + sum(abs(end - true) for end in ends)


class Allowance:
    """How far the results of one call of a row may be off."""

    def __init__(self, name: str, arrays: list[np.ndarray], y: np.ndarray) -> None:
        self.row, self.arrays, self.y = ROWS[name], arrays, y
        self.known = dict(zip(self.row.op.inputs, arrays))
        true, off = bounded(self.row.formula.program, self.known, {})
        self.value = off + (rounding(y.dtype, true) if y.dtype.kind == "f" else 0)

    def pulled(self, i: int, g: np.ndarray) -> tuple[Any, Any]:
        """What g is times the i-th slope, element by element, and how far off that may be."""
        vjp: Any = self.row.op.vjps[i]
        known = {**self.known, "g": g, "y": self.y}
        given = {n: known[n] for n in vjp.kernel.program.inputs}
        found = bounded(vjp.kernel.program, given, {"y": self.value})
        terms, off = (np.broadcast_to(v, self.y.shape) for v in found)
        return terms, off

    def gradient(self, i: int, u: np.ndarray) -> Any:
        """Of the i-th gradient, which is a sum over all uses of an element."""
        terms, off = self.pulled(i, u)
        a = self.arrays[i]
        uses = terms.size // max(1, a.size)
        added = uses * float(np.finfo(u.dtype).eps) * abs(terms)
        return rounding(a.dtype, collapsed(terms, a.shape)) + collapsed(off + added, a.shape)

    def along(self, v: list[np.ndarray]) -> Any:
        """Of the derivative along v, which is a sum over the arguments."""
        sloped = [i for i, slope in enumerate(self.row.slopes) if slope is not None]
        parts = [self.pulled(i, np.broadcast_to(v[i], self.y.shape)) for i in sloped]
        return sum(off + 2 * rounding(self.y.dtype, terms) for terms, off in parts)


def collapsed(full: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The sum over all uses of each element of an array that was broadcast to `full`."""
    new = full.ndim - len(shape)
    once = [k for k, n in enumerate(shape) if n == 1]
    return full.sum((*range(new), *(k + new for k in once))).reshape(shape)
