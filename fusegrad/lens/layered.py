"""A graph without cycles drawn in layers from top to bottom: where its boxes and edges lie."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from .crossings import ordered
from .layers import Edges, Proper, check, neighbours, proper
from .routes import Spot, routed
from .straighten import straightened


class Placed(NamedTuple):
    """Where boxes and edges lie.

    A path is vertical where it passes a layer and slants between layers only; the paths from
    one box share their way until they part.

    Units: pixels.
    """

    boxes: list[Spot]  # the centre of every box
    paths: list[list[Spot]]  # from the lower border of the source to the upper of the target
    width: float
    height: float


def layered(
    sizes: Sequence[Spot], edges: Edges, *, gap_x: float = 24, gap_y: float = 40
) -> Placed:
    """Boxes of these sizes (width, height) and edges (source, target), laid out downwards.

    Layers by the longest path, few crossings by sweeps of barycentres and medians, straight
    main lines by weighted medians; parts that nothing joins lie side by side.

    Units: pixels.
    Raises: OptionError for an edge to a node that is not there, and for a cycle.
    Source: Sugiyama, Tagawa and Toda 1981; Gansner et al. 1993 for transposition and weights.

    >>> layered([(40, 20), (40, 20)], [(0, 1)])
    Placed(boxes=[(20.0, 10.0), (20.0, 70.0)], paths=[[(20.0, 20.0), (20.0, 60.0)]], \
width=40.0, height=80.0)
    """
    check(len(sizes), edges)
    boxes: list[Spot] = [(0.0, 0.0)] * len(sizes)
    paths: list[list[Spot]] = [[] for _ in edges]
    width = height = 0.0
    for nodes, joined in _parts(len(sizes), edges):
        left = width + gap_x if width else 0.0
        part = _part([sizes[i] for i in nodes], _renamed(nodes, edges, joined), gap_x, gap_y)
        for i, (x, y) in zip(nodes, part.boxes):
            boxes[i] = (left + x, y)
        for i, path in zip(joined, part.paths):
            paths[i] = [(left + x, y) for x, y in path]
        width, height = left + part.width, max(height, part.height)
    return Placed(boxes, paths, width, height)


def _parts(nodes: int, edges: Edges) -> list[tuple[list[int], list[int]]]:
    """The nodes and the edges, by index, of every part that nothing joins to the others."""
    above, below = neighbours(nodes, edges)
    part = [-1] * nodes
    for first in range(nodes):
        stack = [first] if part[first] < 0 else []
        while stack:
            node = stack.pop()
            if part[node] < 0:
                part[node] = first
                stack += above[node] + below[node]
    parts: dict[int, tuple[list[int], list[int]]] = {i: ([], []) for i in part}
    for node, home in enumerate(part):
        parts[home][0].append(node)
    for edge, (source, _) in enumerate(edges):
        parts[part[source]][1].append(edge)
    return list(parts.values())


def _renamed(nodes: list[int], edges: Edges, joined: list[int]) -> list[tuple[int, int]]:
    """The edges of a part, its nodes counted from 0."""
    name = {node: i for i, node in enumerate(nodes)}
    return [(name[edges[i][0]], name[edges[i][1]]) for i in joined]


def _part(sizes: Sequence[Spot], edges: Edges, gap_x: float, gap_y: float) -> Placed:
    graph = proper(len(sizes), edges)
    widths = [width for width, _ in sizes]
    x = straightened(graph, ordered(graph), widths, gap_x)
    reach = [width / 2 for width in widths] + [0.0] * (len(x) - len(widths))
    left = min(place - half for place, half in zip(x, reach))
    x = [place - left for place in x]
    bands = _bands(graph, [height for _, height in sizes], gap_y)
    boxes = [(x[i], sum(bands[graph.layer[i]]) / 2) for i in range(len(sizes))]
    right = max(place + half for place, half in zip(x, reach))
    return Placed(boxes, routed(graph, sizes, x, bands), right, bands[-1][1])


def _bands(graph: Proper, heights: list[float], gap: float) -> list[Spot]:
    """The top and the bottom of every layer, which is as high as its highest box."""
    highest = [0.0] * (max(graph.layer) + 1)
    for height, layer in zip(heights, graph.layer):
        highest[layer] = max(highest[layer], float(height))
    bottoms = accumulate(highest, lambda above, height: above + gap + height)
    return [(bottom - height, bottom) for bottom, height in zip(bottoms, highest)]
