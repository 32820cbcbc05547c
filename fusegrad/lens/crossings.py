"""The order of the items within their layers, such that few edges cross."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

from .layers import Proper

Rows = list[list[int]]
SWEEPS = 16
PATIENCE = 4  # sweeps without a gain before the search ends


def ordered(graph: Proper) -> Rows:
    """The items of every layer from left to right: the best order of two searches."""
    found = (_swept(graph, rows) for rows in _starts(graph))
    return min(found, key=lambda rows: crossings(graph, rows))


def crossings(graph: Proper, rows: Rows) -> int:
    """How many pairs of segments cross: the inversions among their lower ends."""
    place, total = _places(rows), 0
    for row in rows[:-1]:
        seen: list[int] = []
        for item in row:
            ends = [place[other] for other in graph.down[item]]
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _starts(graph: Proper) -> list[Rows]:
    """Depth first from below and from above: either draws its kind of tree uncrossed."""
    return [_walked(graph, graph.down, graph.up), _walked(graph, graph.up, graph.down)]


def _walked(graph: Proper, back: list[list[int]], ahead: list[list[int]]) -> Rows:
    rows: Rows = [[] for _ in range(max(graph.layer) + 1)]
    stack = [item for item, others in enumerate(back) if not others][::-1]
    seen = set()
    while stack:
        item = stack.pop()
        if item not in seen:
            seen.add(item)
            rows[graph.layer[item]].append(item)
            stack += reversed(ahead[item])
    return rows


def _swept(graph: Proper, rows: Rows) -> Rows:
    """Sort each layer by the layer before it, down and up in turn; keep the best seen."""
    best, fewest, idle = rows, crossings(graph, rows), 0
    for sweep in range(SWEEPS):
        if not fewest or idle == PATIENCE:
            break
        rows = [list(row) for row in rows]
        _sweep(graph, rows, upwards=sweep % 2 == 0, middle=sweep % 4 > 1)
        _transpose(graph, rows)
        found, idle = crossings(graph, rows), idle + 1
        if found < fewest:
            best, fewest, idle = rows, found, 0
    return best


def _sweep(graph: Proper, rows: Rows, *, upwards: bool, middle: bool) -> None:
    place = _places(rows)
    sides = graph.down if upwards else graph.up
    for row in reversed(rows[:-1]) if upwards else rows[1:]:
        keys = {i: _key([place[o] for o in sides[i]], middle) for i in row if sides[i]}
        # Items with no neighbour on this side keep their slots; the others share the rest.
        moved = iter(sorted(keys, key=keys.__getitem__))
        row[:] = [next(moved) if item in keys else item for item in row]
        place.update((item, slot) for slot, item in enumerate(row))


def _key(places: list[int], middle: bool) -> float:
    if not middle:
        return sum(places) / len(places)
    places.sort()
    return (places[(len(places) - 1) // 2] + places[len(places) // 2]) / 2


def _transpose(graph: Proper, rows: Rows, rounds: int = 4) -> None:
    """Swap neighbours for as long as that takes crossings away."""
    place = _places(rows)
    waking = set(range(len(rows)))
    for _ in range(rounds):
        moved = {i for i in sorted(waking) if _bubbled(graph, rows[i], place)}
        # Only a layer next to one that changed can have something to gain.
        waking = {near for i in moved for near in (i - 1, i, i + 1)} & set(range(len(rows)))


def _bubbled(graph: Proper, row: list[int], place: dict[int, int]) -> bool:
    """Whether a swap of neighbours in the row took crossings away."""
    above = {item: sorted([place[o] for o in graph.up[item]]) for item in row}
    below = {item: sorted([place[o] for o in graph.down[item]]) for item in row}
    changed = False
    for slot in range(len(row) - 1):
        left, right = row[slot], row[slot + 1]
        if _excess(above[left], above[right]) + _excess(below[left], below[right]) > 0:
            row[slot : slot + 2] = right, left
            place[left], place[right] = slot + 1, slot
            changed = True
    return changed


def _excess(left: list[int], right: list[int]) -> int:
    """The crossings of two items as they stand, less those when they are swapped."""
    if not left or not right or left[-1] <= right[0]:
        return -1 if left and right and left[0] < right[-1] else 0
    size = len(right)
    return sum(bisect_left(right, end) + bisect_right(right, end) - size for end in left)


def _places(rows: Iterable[list[int]]) -> dict[int, int]:
    return {item: slot for row in rows for slot, item in enumerate(row)}
