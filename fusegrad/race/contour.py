"""Contour lines of a grid of values, by marching squares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels import OptionError

Lines = list[np.ndarray]
SIZE, LEVELS = 81, 12
LOWEST = 0.002  # the share of a grid below the first level that rises by a factor

# The sides of a cell, and which of them a line joins, by the corners that lie above: 1 for
# (row, column), 2 for the next column, 4 for both next, 8 for the next row.
BOTTOM, RIGHT, TOP, LEFT = range(4)
JOINS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((LEFT, BOTTOM),),
    2: ((BOTTOM, RIGHT),),
    3: ((LEFT, RIGHT),),
    4: ((RIGHT, TOP),),
    6: ((BOTTOM, TOP),),
    7: ((LEFT, TOP),),
    8: ((TOP, LEFT),),
    9: ((TOP, BOTTOM),),
    11: ((TOP, RIGHT),),
    12: ((RIGHT, LEFT),),
    13: ((RIGHT, BOTTOM),),
    14: ((BOTTOM, LEFT),),
}
# Two opposite corners above: the mean of the four decides which side of a saddle is joined.
CUT_LOW = ((LEFT, BOTTOM), (RIGHT, TOP))
CUT_HIGH = ((BOTTOM, RIGHT), (TOP, LEFT))
SADDLES = {(5, True): CUT_HIGH, (5, False): CUT_LOW, (10, True): CUT_LOW, (10, False): CUT_HIGH}


@dataclass(frozen=True, eq=False)
class Grid:
    """Values on a grid. Shapes: xs (C,), ys (R,), values (R, C)."""

    xs: np.ndarray
    ys: np.ndarray
    values: np.ndarray
    log: bool = False
    least: float | None = None

    def lines(self, count: int = LEVELS) -> list[tuple[float, Lines]]:
        """About `count` contour lines: levels as values, and the lines of each.

        Where levels rise by factors, so do the values between the points of the grid: a line
        is then placed by logarithms.
        """
        wanted = levels(self.values, count, self.log, self.least)
        if not self.log or not len(wanted):
            return contours(self.values, self.xs, self.ys, wanted)
        base = self.least or 0.0
        above = np.maximum(self.values - base, np.finfo(float).tiny)
        found = contours(np.log(above), self.xs, self.ys, np.log(wanted - base))
        return [(float(v), lines) for v, (_, lines) in zip(wanted, found)]


def levels(
    values: Any, count: int = LEVELS, log: bool = False, least: float | None = None
) -> np.ndarray:
    """About `count` levels inside the range of the values, of two digits each: evenly spaced,
    or, with `log`, by equal factors above `least`. None where all values are equal.

    >>> levels(np.array([[0.0, 5.0], [5.0, 10.0]]), 4)
    array([2., 4., 6., 8.])
    """
    if count < 1:
        raise OptionError("levels", "count >= 1", f"count={count}", "ask for one or more")
    seen = np.asarray(values, float)
    seen = seen[np.isfinite(seen)] - ((least or 0.0) if log else 0.0)
    seen = seen[seen > 0] if log else seen
    if not seen.size or seen.min() == seen.max():
        return np.empty(0)
    low = max(np.quantile(seen, LOWEST), seen.min()) if log else seen.min()
    space = np.geomspace if log else np.linspace
    between = space(low, seen.max(), count + 2)[1:-1]
    rounded = np.unique([float(f"{v:.2g}") for v in between])
    inside = rounded[(rounded > seen.min()) & (rounded < seen.max())]
    return inside + ((least or 0.0) if log else 0.0)


def contours(
    values: Any, xs: Any, ys: Any, levels: Sequence[float] | np.ndarray
) -> list[tuple[float, Lines]]:
    """The lines on which values, linear along the sides of every cell, have each level.

    Shapes: values (rows, columns), xs (columns,), ys (rows,) -> polylines (points, 2); one
    that ends where it begins is closed. A cell with a value that is not finite is left out.
    Raises: OptionError for shapes that do not fit, or coordinates that do not rise.
    """
    grid = _checked(values, xs, ys)
    return [(float(level), list(_lines(*grid, float(level)))) for level in levels]


def _checked(values: Any, xs: Any, ys: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z, x, y = (np.asarray(a, float) for a in (values, xs, ys))
    if z.ndim != 2 or min(z.shape) < 2 or (*y.shape, *x.shape) != z.shape:
        got = f"values {z.shape}, xs {x.shape}, ys {y.shape}"
        expected = "values (rows, columns), xs (columns,), ys (rows,), two or more of each"
        raise OptionError("contours", expected, got, "values[i, j] belongs to xs[j], ys[i]")
    if not (np.all(np.diff(x) > 0) and np.all(np.diff(y) > 0)):
        raise OptionError("contours", "xs and ys that rise", "others", "sort them")
    return z, x, y


def _lines(z: np.ndarray, x: np.ndarray, y: np.ndarray, level: float) -> Iterator[np.ndarray]:
    """The chains of one level, each as points."""
    for chain in _chains(_segments(z, level)):
        yield _points(z, x, y, level, np.array(chain))


def _segments(z: np.ndarray, level: float) -> Iterator[tuple[int, int]]:
    """Pairs of sides that a line joins within a cell. A side has one number for both cells
    that share it: that of its first corner, those from corner to next row after the others."""
    above = z >= level
    corners = (z[:-1, :-1], z[:-1, 1:], z[1:, 1:], z[1:, :-1])
    with np.errstate(all="ignore"):
        middle = np.sum([c / 4 for c in corners], axis=0)
    parts = (above[:-1, :-1], above[:-1, 1:], above[1:, 1:], above[1:, :-1])
    code = np.sum([part.astype(int) << k for k, part in enumerate(parts)], axis=0)
    code[~np.isfinite(middle)] = 0
    columns, sides = z.shape[1], z.size
    for i, j in np.argwhere((code > 0) & (code < 15)).tolist():
        kind, at = int(code[i, j]), i * columns + j
        edges = (at, sides + at + 1, at + columns, sides + at)
        joins = JOINS.get(kind) or SADDLES[kind, bool(middle[i, j] >= level)]
        yield from ((edges[a], edges[b]) for a, b in joins)


def _chains(segments: Iterator[tuple[int, int]]) -> Iterator[list[int]]:
    """Segments joined end to end: open chains first, from their ends, then the rings."""
    beside: dict[int, list[int]] = {}
    for a, b in segments:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    ends = [side for side, others in beside.items() if len(others) == 1]
    for first in (*ends, *list(beside)):
        if beside[first]:
            yield _walk(beside, first)


def _walk(beside: dict[int, list[int]], first: int) -> list[int]:
    """A chain from one side on, taken out of `beside` as it is walked."""
    chain = [first]
    while beside[chain[-1]]:
        here = chain[-1]
        there = beside[here].pop()
        beside[there].remove(here)
        chain.append(there)
    return chain


def _points(
    z: np.ndarray, x: np.ndarray, y: np.ndarray, level: float, chain: np.ndarray
) -> np.ndarray:
    """Where the level lies on each side of a chain."""
    upward, corner = np.divmod(chain, z.size)
    i, j = np.divmod(corner, z.shape[1])
    k, m = i + upward, j + 1 - upward
    near, far = z[i, j], z[k, m]
    share = (level - near) / (far - near)
    return np.column_stack([x[j] + share * (x[m] - x[j]), y[i] + share * (y[k] - y[i])])
