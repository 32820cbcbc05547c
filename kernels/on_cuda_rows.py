"""Rows on a GPU: one `cupy.RawKernel` for each of `row_rules.py`, and its launch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from .device import module_of
from .on_cuda import OPTIONS
from .row_rules import EACH, PLACE, RULES, TURNS, RowRule
from .row_text import columns_source, entry, kept_by, row_source

WARP, BLOCK = 32, 256  # threads
LONG = 1024  # elements of a row from which a block takes it
HALF_A_WORD = (1 << 32) - 1
PARTS = 64  # of the rows, for sums over them


@cache
def _row_kernel(cupy: Any, name: str, dtype: str, width: int, layout: str) -> Any:
    source = row_source(name, dtype, width, layout)
    return cupy.RawKernel(source, entry(name), options=OPTIONS)


@cache
def _columns_kernel(cupy: Any, name: str, dtype: str) -> Any:
    source = columns_source(name, dtype)
    return cupy.RawKernel(source, f"{entry(name)}_columns", options=OPTIONS)


def run(name: str, given: tuple[Any, ...], outs: tuple[Any, ...]) -> None:
    """Run the rule of this name as `by_rows.run` runs a loop: on arrays it reads, scalars and
    truth values, and on arrays it writes.

    Shapes: rows (R, n), or channels (E, R, P) of which each is a row of E P elements.
    """
    name += "".join(" centred" if x else " plain" for x in given if x.__class__ is bool)
    rule = RULES[name]
    cupy = module_of(outs[0])
    numbers = [np.float64(x) for x in given[len(rule.arrays) :][: len(rule.scalars)]]
    arrays = [
        cupy.ascontiguousarray(a, np.int64 if kind == PLACE else None)
        for a, kind in zip(given, rule.arrays.values())
    ]
    each, turns = _of(rule, EACH, arrays), _of(rule, TURNS, arrays)
    rows, n, inner, outer = _places(each[0].shape)
    sums, outs = outs[len(rule.outputs) :], outs[: len(rule.outputs)]
    kept = [cupy.empty((rows, len(kept_by(rule))), sums[0].dtype)] if sums else []
    sizes = (rows, n, inner, outer, len(turns[0]) if turns else 1)
    _launch_rows(name, each[0].dtype.name, sizes, (*arrays, *numbers, *outs, *kept))
    if sums:
        _launch_columns(name, each[0].dtype.name, (rows, n), (*each, *kept, *sums))


def _of(rule: RowRule, kind: str, arrays: Sequence[Any]) -> list[Any]:
    return [a for a, its in zip(arrays, rule.arrays.values(), strict=True) if its == kind]


def _launch_rows(name: str, dtype: str, sizes: Sequence[int], given: Sequence[Any]) -> None:
    rows, n, inner, *_ = sizes
    width = BLOCK if n > LONG else WARP
    together = min(BLOCK // width, rows)
    layout = "plain" if inner == n else "parts" if n <= HALF_A_WORD else "vast parts"
    launch = _row_kernel(module_of(given[0]), name, dtype, width, layout)
    launch((-(-rows // together),), (width, together), (*map(np.int64, sizes), *given))


def _launch_columns(
    name: str, dtype: str, shape: tuple[int, int], given: Sequence[Any]
) -> None:
    parts = given[-1].size // shape[1]
    launch = _columns_kernel(module_of(given[0]), name, dtype)
    sizes = map(np.int64, (*shape, parts))
    launch((-(-shape[1] // BLOCK), parts), (BLOCK,), (*sizes, *given))


def _places(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """How many rows, of how many elements; of these how many lie side by side, and how far it
    is from one such part of a row to its next."""
    if len(shape) == 2:
        return *shape, shape[1], 0
    examples, channels, positions = shape
    inner = positions if examples > 1 else examples * positions
    return channels, examples * positions, inner, channels * positions


def parts(rows: int, together: int) -> int:
    """How many parts of the rows add up on their own, where so many rows belong together."""
    return max(1, min(-(-rows // together), PARTS // together))
