"""Remez' exchange: the polynomial, or the quotient of two, of given degrees whose largest error
is least. A weight says what an error counts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from mpmath import mp

mp.dps = 60
Function = Callable[[Any], Any]
GRID = 24  # points tried between two extrema
ROUNDS = 12
STEPS = 4  # towards the lower polynomial of a quotient, which stands in its own equations


def nodes(low: Any, high: Any, count: int) -> list[Any]:
    """The extrema of a Chebyshev polynomial."""
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle - half * mp.cos(mp.pi * k / (count - 1)) for k in range(count)]


def value(coefficients: list[Any], x: Any) -> Any:
    return mp.polyval(coefficients[::-1], x)


def polynomial(f: Function, weight: Function, low: Any, high: Any, degree: int) -> list[Any]:
    """The coefficients, lowest first."""
    low, high = mp.mpf(low), mp.mpf(high)
    points = nodes(low, high, degree + 2)
    for _ in range(ROUNDS):
        found = _levelled(f, weight, points)
        error = weighted_error(f, weight, found)
        points = _extrema(error, [low, *points[1:-1], high], len(points))
    return _levelled(f, weight, points)


def weighted_error(f: Function, weight: Function, found: list[Any]) -> Function:
    return lambda x: (value(found, x) - f(x)) * weight(x)


def _levelled(f: Function, weight: Function, points: list[Any]) -> list[Any]:
    """The polynomial whose weighted errors at the points are equal and alternate."""
    count = len(points)
    matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
    for i, x in enumerate(points):
        for k in range(count - 1):
            matrix[i, k] = x**k
        matrix[i, count - 1] = (-1) ** i / weight(x)
        right[i] = f(x)
    return list(mp.lu_solve(matrix, right))[:-1]


def quotient(f: Function, high: Any, top: int, bottom: int) -> tuple[list[Any], list[Any]]:
    """The coefficients of both polynomials from 0 to `high`; the error is relative. The extrema
    crowd at 0, and are looked for along u = (x - 2) / (x + 2)."""
    low, far = mp.mpf(-1), (mp.mpf(high) - 2) / (mp.mpf(high) + 2)
    points, under = nodes(low, far, top + bottom + 2), [mp.mpf(1)]
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            xs = [_unfolded(u) for u in points]
            over, under = _level_quotient(f, xs, top, bottom, under)
        error = _along(relative_error(f, over, under))
        points = _extrema(error, [low, *points[1:-1], far], len(points))
    return over, under


def _along(error: Function) -> Function:
    return lambda u: error(_unfolded(u))


def _unfolded(u: Any) -> Any:
    return 2 * (1 + u) / (1 - u)


def relative_error(f: Function, over: list[Any], under: list[Any]) -> Function:
    return lambda x: value(over, x) / value(under, x) / f(x) - 1


def _level_quotient(
    f: Function, points: list[Any], top: int, bottom: int, under: list[Any]
) -> tuple[list[Any], list[Any]]:
    """The quotient whose errors at the points are equal and alternate; where that error meets
    the lower polynomial, `under` stands for it."""
    count = len(points)
    matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
    for i, x in enumerate(points):
        for k in range(top + 1):
            matrix[i, k] = x**k / f(x)
        for k in range(1, bottom + 1):
            matrix[i, top + k] = -(x**k)
        matrix[i, count - 1] = -((-1) ** i) * value(under, x)
        right[i] = 1
    found = list(mp.lu_solve(matrix, right))
    return found[: top + 1], [mp.mpf(1), *found[top + 1 : -1]]


def _extrema(error: Function, points: list[Any], count: int) -> list[Any]:
    """The place of the largest error between each two changes of its sign."""
    pairs = itertools.pairwise(points)
    dense = [a + (b - a) * k / GRID for a, b in pairs for k in range(GRID)]
    best: list[tuple[Any, Any]] = []
    for x in [*dense, points[-1]]:
        e = error(x)
        if best and (e > 0) == (best[-1][1] > 0):
            best[-1] = max(best[-1], (x, e), key=lambda pair: abs(pair[1]))
        else:
            best.append((x, e))
    while len(best) > count:
        best.pop(0 if abs(best[0][1]) < abs(best[-1][1]) else -1)
    return [x for x, _ in best] if len(best) == count else points[-count:]


def largest(error: Function, low: Any, high: Any) -> Any:
    """The largest error there is."""
    return max(abs(error(x)) for x in nodes(mp.mpf(low), mp.mpf(high), 400))
