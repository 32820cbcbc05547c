"""The points that the edges of a layered graph run through, from border to border."""

from collections.abc import Sequence

from .layers import Proper

Spot = tuple[float, float]
PORT = 14.0  # between the ends of two edges on one border
BORDER = 0.8  # the part of a border that ends of edges may take
LEVEL = 0.5  # two places that differ by less look like one


def routed(
    graph: Proper, sizes: Sequence[Spot], x: Sequence[float], bands: Sequence[Spot]
) -> list[list[Spot]]:
    """The path of every edge: vertical inside the bands of the layers, slanted between them."""
    widths = [width for width, _ in sizes]
    starts, ends = _ports(graph, x, widths)
    paths = []
    for start, end, run in zip(starts, ends, graph.runs):
        source, target = run[0], run[-1]
        (top, bottom), (roof, floor) = (bands[graph.layer[i]] for i in (source, target))
        points = [(start, (top + bottom + sizes[source][1]) / 2), (start, bottom)]
        for bend in run[1:-1]:
            points += [(x[bend], y) for y in bands[graph.layer[bend]]]
        points += [(end, roof), (end, (roof + floor - sizes[target][1]) / 2)]
        paths.append(_plain(points))
    return paths


def _ports(
    graph: Proper, x: Sequence[float], widths: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Where every edge leaves its source and enters its target.

    Edges that share a trunk leave as one; every edge enters by itself.
    """
    leaving: dict[int, dict[int, float]] = {}
    entering: dict[int, dict[int, float]] = {}
    exits = [-1 - i if len(run) == 2 else run[1] for i, run in enumerate(graph.runs)]
    for i, (run, exit_) in enumerate(zip(graph.runs, exits)):
        leaving.setdefault(run[0], {})[exit_] = x[run[1]]
        entering.setdefault(run[-1], {})[i] = x[run[-2]]
    out = {node: _fan(x[node], widths[node], ends) for node, ends in leaving.items()}
    into = {node: _fan(x[node], widths[node], ends) for node, ends in entering.items()}
    starts = [out[run[0]][exit_] for run, exit_ in zip(graph.runs, exits)]
    return starts, [into[run[-1]][i] for i, run in enumerate(graph.runs)]


def _fan(middle: float, width: float, ends: dict[int, float]) -> dict[int, float]:
    """Ports along a border in the order of the other ends; a vertical edge stays vertical."""
    order = sorted(ends, key=ends.__getitem__)
    level = [i for i, key in enumerate(order) if abs(ends[key] - middle) < LEVEL]
    centre = (level[0] + level[-1]) / 2 if level else (len(order) - 1) / 2
    reach = max(centre, len(order) - 1 - centre)
    step = min(PORT, BORDER * width / 2 / reach) if reach else 0.0
    return {key: middle + (i - centre) * step for i, key in enumerate(order)}


def _plain(points: list[Spot]) -> list[Spot]:
    """The points without those inside a vertical stretch."""
    kept = points[:1]
    for i, (place, y) in enumerate(points[1:], 1):
        straight = i + 1 < len(points) and points[i - 1][0] == place == points[i + 1][0]
        if not straight and (place, y) != kept[-1]:
            kept.append((place, y))
    return kept
