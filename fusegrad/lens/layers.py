"""Which layer every node of a graph lies in, and the bends of edges that pass layers."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ..kernels import OptionError

Edges = Sequence[tuple[int, int]]
WHERE = "layered"
SHOWN = 8  # nodes of a cycle that a message names


class Proper(NamedTuple):
    """A graph in layers whose every segment joins two layers that lie next to each other.

    The items are the nodes, then the bends. The edges that leave one node share their bends,
    as a trunk with branches: one value with many users stays one line until it must part.
    """

    nodes: int
    layer: list[int]  # of every item
    up: list[list[int]]  # the neighbours of every item one layer above, twice for two segments
    down: list[list[int]]
    runs: list[list[int]]  # for every edge, the items from its source to its target
    spine: set[tuple[int, int]]  # the segments of the main lines, which are to be straight


def check(nodes: int, edges: Edges) -> None:
    """Whether edges join nodes that are there, without a cycle.

    Raises: OptionError where they do not.
    """
    for source, target in edges:
        if not (0 <= source < nodes and 0 <= target < nodes):
            expected = f"nodes from 0 to {nodes - 1}" if nodes else "no edges without nodes"
            raise OptionError(WHERE, expected, f"{source} -> {target}", "give it a size")
    above, below = neighbours(nodes, edges)
    order, missing = _topological(above, below)
    if len(order) < nodes:
        cycle = [str(node) for node in _cycle(above, missing)]
        shown = cycle if len(cycle) <= SHOWN else [*cycle[: SHOWN - 1], "...", cycle[-1]]
        repair = "leave out one of these edges"
        raise OptionError(WHERE, "a graph without a cycle", " -> ".join(shown), repair)


def proper(nodes: int, edges: Edges) -> Proper:
    """The graph with a layer for every node and a bend in every layer that an edge crosses."""
    above, below = neighbours(nodes, edges)
    order, _ = _topological(above, below)
    depth = _longest(order, above)
    height = _longest(order[::-1], below)
    layer = _lowered(order, above, below, depth)
    runs = _runs(nodes, edges, layer)
    # Trunks with branches come first, so that the search for the order starts with them on the
    # outside, left of what they pass, and with the parameters of a step on its right.
    trunks = sorted(runs, key=lambda run: len(run) == 2 or len(set(below[run[0]])) == 1)
    segments = _segments(nodes, trunks)
    up, down = neighbours(len(layer), segments)
    main = {(max(above[v], key=depth.__getitem__), v) for v in order if _one(above[v], depth)}
    main &= {
        (u, max(below[u], key=height.__getitem__)) for u in order if _one(below[u], height)
    }
    return Proper(nodes, layer, up, down, runs, main)


def neighbours(items: int, edges: Edges) -> tuple[list[list[int]], list[list[int]]]:
    """The sources of the edges into every item, and the targets of the edges out of it."""
    above: list[list[int]] = [[] for _ in range(items)]
    below: list[list[int]] = [[] for _ in range(items)]
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    return above, below


def _topological(above: list[list[int]], below: list[list[int]]) -> tuple[list[int], list[int]]:
    """The nodes, each after all that it depends on; and how many inputs each still misses."""
    missing = [len(sources) for sources in above]
    order = [node for node, count in enumerate(missing) if not count]
    for node in order:  # grows while it is read
        for user in below[node]:
            missing[user] -= 1
            if not missing[user]:
                order.append(user)
    return order, missing


def _cycle(above: list[list[int]], missing: list[int]) -> list[int]:
    """A cycle, first node repeated: whatever misses an input depends on another that does."""
    path: list[int] = []
    seen: dict[int, int] = {}
    node = next(i for i, count in enumerate(missing) if count)
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = next(source for source in above[node] if missing[source])
    return [node, *path[seen[node] :][::-1]]


def _longest(order: list[int], before: list[list[int]]) -> list[int]:
    """For every node, the edges on the longest path that ends in it."""
    length = [0] * len(order)
    for node in order:
        length[node] = max((length[other] + 1 for other in before[node]), default=0)
    return length


def _lowered(
    order: list[int], above: list[list[int]], below: list[list[int]], depth: list[int]
) -> list[int]:
    """The layers by depth; then what hangs from parameters only goes to its first user.

    Inputs that have no other user come along. One that has, and is no result of a step, may
    stay behind: its trunk grows by what the edge below shrinks. Steps that share a result
    stay side by side under it, as the three projections of attention.
    """
    layer, loose = list(depth), [False] * len(order)
    for node in order:
        held = [u for u in set(above[node]) if not loose[u] or len(set(below[u])) > 1]
        loose[node] = len(held) < 2 and not any(above[u] for u in held)
    for node in reversed(order):
        if below[node] and loose[node]:
            layer[node] = min(layer[user] for user in below[node]) - 1
    return layer


def _runs(nodes: int, edges: Edges, layer: list[int]) -> list[list[int]]:
    """The items of every edge; the layers of the bends are added to the list of layers."""
    trunks: dict[int, list[int]] = defaultdict(list)
    for source, target in edges:
        trunk = trunks[source]
        for depth in range(layer[source] + 1 + len(trunk), layer[target]):
            trunk.append(len(layer))
            layer.append(depth)
    return [[u, *trunks[u][: layer[v] - layer[u] - 1], v] for u, v in edges]


def _segments(nodes: int, runs: list[list[int]]) -> list[tuple[int, int]]:
    """The steps of all runs: a shared one once, the last one of every edge for itself."""
    steps = [(step, i) for i, run in enumerate(runs) for step in pairwise(run)]
    # A step to a bend is the same for every edge, one to a node is told apart by its edge.
    return [step for step, _ in dict.fromkeys((s, i * (s[1] < nodes)) for s, i in steps)]


def _one(others: list[int], length: list[int]) -> bool:
    """Whether a single one of the others is on the longest path."""
    lengths = sorted(length[other] for other in set(others))
    return bool(lengths) and lengths[-2:-1] != lengths[-1:]
