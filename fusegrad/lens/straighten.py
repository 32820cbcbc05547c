"""Where the items of ordered layers lie from left to right, main lines straight."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

from .crossings import Rows
from .layers import Proper

Point = tuple[float, int]  # a place and its weight
# Weights: where an item is, an edge, a long edge between its bends, a main line.
STAY, EDGE, LONG, SPINE = 1, 4, 64, 256
SWEEPS = 10


def straightened(graph: Proper, rows: Rows, widths: Sequence[float], gap: float) -> list[float]:
    """The middle of every item, after sweeps of weighted medians.

    A layer is moved as a whole to where the weighted distance to its neighbours in the layer
    before is least, with the separations kept. Distances are not squared: a main line stays
    exactly straight instead of giving way a little to everything beside it.
    """
    apart = [_separations(graph, row, widths, gap) for row in rows]
    x = [0.0] * len(graph.layer)
    for row, steps in zip(rows, apart):
        for item, place in zip(row, accumulate(steps, initial=0.0)):
            x[item] = place - sum(steps) / 2
    best, least = x, float("inf")
    pulls = [_pulls(graph, graph.up), _pulls(graph, graph.down)]
    for sweep in range(SWEEPS):
        x = list(x)
        _sweep(x, rows, apart, pulls[sweep % 2], upwards=sweep % 2 == 1)
        cost = _cost(x, pulls[0])
        if cost < least:
            best, least = x, cost
    return best


def settled(points: Sequence[list[Point]], apart: Sequence[float]) -> list[float]:
    """Places in order, at least so far apart, with the least weighted distance to the points.

    Neighbours that want to overlap are pooled, and a pool lies at the median of its points:
    isotonic regression, after the separations are taken off.
    """
    offsets = list(accumulate(apart, initial=0.0))
    pools: list[tuple[float, int, list[Point]]] = []
    for offset, own in zip(offsets, points):
        pool = sorted([(place - offset, weight) for place, weight in own])
        place, size = _median(pool), 1
        while pools and pools[-1][0] > place:
            _, others, earlier = pools.pop()
            pool = sorted(earlier + pool)
            place, size = _median(pool), size + others
        pools.append((place, size, pool))
    places = [place for place, size, _ in pools for _ in range(size)]
    return [place + offset for place, offset in zip(places, offsets)]


def _median(points: list[Point]) -> float:
    """The weighted median; the middle between two points that split the weight evenly."""
    reached = list(accumulate([weight for _, weight in points]))
    half = bisect_left(reached, reached[-1] / 2)
    even = 2 * reached[half] == reached[-1]
    return (points[half][0] + points[half + even][0]) / 2


def _separations(
    graph: Proper, row: list[int], widths: Sequence[float], gap: float
) -> list[float]:
    """Between the middles of neighbours: a line needs half the gap that a box needs."""
    full = [widths[item] / 2 if item < graph.nodes else 0.0 for item in row]
    return [
        a + b + (gap if left < graph.nodes and right < graph.nodes else gap / 2)
        for (left, right), (a, b) in zip(pairwise(row), pairwise(full))
    ]


def _pulls(graph: Proper, sides: list[list[int]]) -> list[list[tuple[int, int]]]:
    """For every item, its neighbours on one side with the weights of the segments."""
    return [
        [(other, _weight(graph, item, other)) for other in others]
        for item, others in enumerate(sides)
    ]


def _weight(graph: Proper, item: int, other: int) -> int:
    if item >= graph.nodes and other >= graph.nodes:
        return LONG
    return SPINE if (item, other) in graph.spine or (other, item) in graph.spine else EDGE


def _sweep(
    x: list[float],
    rows: Rows,
    apart: list[list[float]],
    pulls: list[list[tuple[int, int]]],
    *,
    upwards: bool,
) -> None:
    for i in reversed(range(len(rows))) if upwards else range(len(rows)):
        row = rows[i]
        points = [
            [(x[other], weight) for other, weight in pulls[item]] or [(x[item], STAY)]
            for item in row
        ]
        for item, place in zip(row, settled(points, apart[i])):
            x[item] = round(place, 6)  # so that what is straight is exactly so


def _cost(x: list[float], pulls: list[list[tuple[int, int]]]) -> float:
    """Squared, so that among drawings of one length the centred one is the best."""
    return sum(
        weight * (x[item] - x[other]) ** 2
        for item, others in enumerate(pulls)
        for other, weight in others
    )
