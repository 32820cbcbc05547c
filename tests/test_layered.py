"""The layered drawing of a graph: nothing overlaps, edges run down, main lines are straight."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusegrad.kernels import OptionError
from fusegrad.lens.crossings import crossings, ordered
from fusegrad.lens.layered import Placed, layered
from fusegrad.lens.layers import Proper, proper
from fusegrad.lens.straighten import settled

Edges = list[tuple[int, int]]
Sizes = list[tuple[float, float]]
GAP_X, GAP_Y, TINY = 24.0, 40.0, 1e-4
BOX = (60.0, 26.0)
UNENDING = "a graph without a cycle, got"
OPEN = "leave out one of these edges"
ROUND = "0 -> 1 -> 2 -> 3 -> 4 -> 5 -> 6"
DIAMOND = [(0, 1), (0, 2), (1, 3), (2, 3)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Sizes, Edges]:
    """Boxes of any size; edges from lower to higher rank of a shuffled order, some twice."""
    nodes = draw(st.integers(1, 14))
    side = st.integers(1, 120).map(float)
    sizes = draw(st.lists(st.tuples(side, side), min_size=nodes, max_size=nodes))
    rank = draw(st.permutations(range(nodes)))
    pairs = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    drawn = draw(st.lists(pairs, max_size=2 * nodes))
    return sizes, [(rank[min(p)], rank[max(p)]) for p in drawn if p[0] != p[1]]


def chain(nodes: int) -> Edges:
    return [(i, i + 1) for i in range(nodes - 1)]


def boxed(nodes: int, edges: Edges) -> Placed:
    return layered([BOX] * nodes, edges)


def least(edges: Edges) -> int:
    """The crossings of the order that is found."""
    graph = proper(1 + max(map(max, edges)), edges)
    return crossings(graph, ordered(graph))


def scattered(nodes: int, count: int, seed: int = 5) -> Edges:
    rng = random.Random(seed)
    pairs = (sorted(rng.sample(range(nodes), 2)) for _ in range(count))
    return [(first, second) for first, second in pairs]


def tape(layers: int) -> Edges:
    """x @ W + b, then tanh: as many times as there are layers."""
    edges, last, free = [], 0, 1
    for _ in range(layers):
        weight, product, bias, total, out = range(free, free + 5)
        edges += [(last, product), (weight, product), (product, total), (bias, total)]
        edges += [(total, out)]
        last, free = out, free + 5
    return edges


@given(graphs())
def test_boxes_keep_their_gaps_inside_the_drawing(graph: tuple[Sizes, Edges]) -> None:
    sizes, edges = graph
    placed = layered(sizes, edges)
    for (x, y), (width, height) in zip(placed.boxes, sizes):
        assert width / 2 - TINY <= x <= placed.width - width / 2 + TINY
        assert height / 2 - TINY <= y <= placed.height - height / 2 + TINY
    for one, other in combinations(range(len(sizes)), 2):
        across, along = (abs(a - b) for a, b in zip(placed.boxes[one], placed.boxes[other]))
        width, height = ((a + b) / 2 for a, b in zip(sizes[one], sizes[other]))
        assert across >= width + GAP_X - TINY or along >= height + GAP_Y - TINY


@given(graphs())
def test_paths_run_down_from_border_to_border(graph: tuple[Sizes, Edges]) -> None:
    sizes, edges = graph
    placed = layered(sizes, edges)
    for (source, target), path in zip(edges, placed.paths):
        for end, (x, y), sign in ((source, path[0], 1), (target, path[-1], -1)):
            assert abs(x - placed.boxes[end][0]) < sizes[end][0] / 2
            assert y == pytest.approx(placed.boxes[end][1] + sign * sizes[end][1] / 2)
        assert all(above[1] < below[1] for above, below in pairwise(path))
        assert all(-TINY <= x <= placed.width + TINY for x, _ in path)


@given(graphs())
def test_no_path_runs_through_a_box(graph: tuple[Sizes, Edges]) -> None:
    sizes, edges = graph
    placed = layered(sizes, edges)
    for edge, path in zip(edges, placed.paths):
        for node in set(range(len(sizes))) - set(edge):
            for step in pairwise(path):
                assert not hits(step, placed.boxes[node], sizes[node])


def hits(
    step: tuple[tuple[float, float], tuple[float, float]],
    box: tuple[float, float],
    size: tuple[float, float],
) -> bool:
    """Whether a downward step meets the inside of a box, by clipping it to the box's height."""
    (x1, y1), (x2, y2) = step
    top, bottom = max(y1, box[1] - size[1] / 2), min(y2, box[1] + size[1] / 2)
    if bottom - top < TINY:
        return False
    ends = [x1 + (x2 - x1) * (y - y1) / (y2 - y1) - box[0] for y in (top, bottom)]
    return min(ends) < size[0] / 2 - TINY and max(ends) > TINY - size[0] / 2


@given(graphs())
def test_the_same_graph_is_drawn_the_same(graph: tuple[Sizes, Edges]) -> None:
    assert layered(*graph) == layered(*graph)


@given(st.lists(st.tuples(st.lists(st.integers(-9, 9), min_size=1), st.integers(0, 5))))
def test_settled_places_keep_apart_and_move_only_where_they_must(
    wanted: list[tuple[list[int], int]],
) -> None:
    points = [[(float(place), 1) for place in places] for places, _ in wanted]
    apart = [float(gap) for _, gap in wanted[1:]]
    places = settled(points, apart)
    assert all(b - a >= gap - TINY for (a, b), gap in zip(pairwise(places), apart))
    free = [settled([own], [])[0] for own in points]
    if all(b - a >= gap for (a, b), gap in zip(pairwise(free), apart)):
        assert places == free


def test_a_single_box_fills_the_drawing_and_none_leaves_it_empty() -> None:
    assert layered([], []) == Placed([], [], 0.0, 0.0)
    assert layered([BOX], []) == Placed([(30.0, 13.0)], [], *BOX)


def test_parts_stand_side_by_side() -> None:
    placed = layered([BOX, BOX, BOX, BOX], [(0, 2), (1, 3)])
    assert placed.boxes == [(30, 13), (114, 13), (30, 79), (114, 79)]
    assert (placed.width, placed.height) == (144, 92)


@pytest.mark.parametrize("nodes", [2, 30, 5000])
def test_a_chain_is_straight(nodes: int) -> None:
    placed = boxed(nodes, chain(nodes))
    assert {x for x, _ in placed.boxes} == {x for path in placed.paths for x, _ in path} == {30}
    assert placed.height == nodes * 26 + (nodes - 1) * 40


def test_a_long_chain_with_an_edge_over_all_of_it_stays_straight() -> None:
    placed = boxed(3000, [*chain(3000), (0, 2999)])
    assert len({x for x, _ in placed.boxes}) == 1
    assert len(placed.paths[-1]) == 4  # down, aside, along the chain, back


def test_a_diamond_is_symmetric() -> None:
    (top, left, right, bottom), *_ = boxed(4, DIAMOND)
    assert top[0] == bottom[0] == (left[0] + right[0]) / 2
    assert left[0] < right[0] and left[1] == right[1]


def test_an_input_used_twice_gets_two_paths_side_by_side() -> None:
    one, other = boxed(2, [(0, 1), (0, 1)]).paths
    assert [b[0] - a[0] for a, b in zip(one, other)] == [14, 14]
    one, other = boxed(3, [*chain(3), (0, 2), (0, 2)]).paths[2:]
    assert one[:-1] == other[:-1] and one[-1] != other[-1]  # one trunk that parts at the end


def test_the_main_line_of_a_tape_is_straight_and_its_parameters_stand_beside_their_step() -> (
    None
):
    placed = boxed(31, tape(6))
    line = [2, *(i for k in range(6) for i in (5 * k + 2, 5 * k + 4, 5 * k + 5))]
    assert len({placed.boxes[i][0] for i in line}) == 1
    for source, target in tape(6):
        assert placed.boxes[target][1] - placed.boxes[source][1] == 66  # one layer
    assert least(tape(6)) == 0


def test_a_residual_connection_runs_straight_beside_its_block() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 4), (4, 6)]
    assert len({x for x, _ in boxed(7, edges).paths[5][1:-1]}) == 1


def test_steps_that_share_a_result_stand_in_one_row() -> None:
    edges = [(0, 1), (1, 2), (1, 3), (1, 4), (2, 5), (3, 5), (5, 6), (4, 6)]
    boxes = boxed(7, edges).boxes
    assert boxes[2][1] == boxes[3][1] == boxes[4][1]


def test_edges_from_one_node_share_their_way() -> None:
    graph: Proper = proper(6, [*chain(6), (0, 4), (0, 5)])
    assert len(graph.layer) - graph.nodes == 4  # not 3 + 4
    assert graph.runs[-1][:4] == graph.runs[-2][:4]


def test_known_graphs_have_the_crossings_that_they_must() -> None:
    path = [(1, 3), (2, 3), (2, 5), (0, 5), (0, 4)]  # a zigzag, its nodes out of order
    assert least(path) == 0
    assert least([*path, (1, 4)]) == 2  # closed to a ring: two layers allow no less
    assert least([(i, j) for i in range(3) for j in (3, 4)]) == 3  # all to all: no way round
    assert least([*DIAMOND, (0, 3)]) == 0


def test_crossings_are_counted() -> None:
    graph = proper(4, [(0, 3), (1, 2), (0, 2), (1, 2)])
    assert crossings(graph, [[0, 1], [2, 3]]) == 2  # both edges from 1 to 2
    assert crossings(graph, [[0, 1], [3, 2]]) == 0


@pytest.mark.parametrize("down", [True, False])
def test_a_binary_tree_has_no_crossing_and_stands_over_its_middle(down: bool) -> None:
    names = random.Random(3).sample(range(31), 31)  # the numbers tell nothing of the shape
    tree = [(names[(i - 1) // 2], names[i]) for i in range(1, 31)]
    edges = tree if down else [(b, a) for a, b in tree]
    placed = boxed(31, edges)
    assert least(edges) == 0
    assert placed.boxes[names[0]][0] == pytest.approx(placed.width / 2)


def test_three_hundred_nodes_at_random_keep_their_gaps() -> None:
    placed = boxed(300, scattered(300, 450))
    rows: dict[float, list[float]] = {}
    for x, y in placed.boxes:
        rows.setdefault(y, []).append(x)
    assert len(placed.paths) == 450
    assert all(b - a >= 84 - TINY for row in rows.values() for a, b in pairwise(sorted(row)))


@pytest.mark.parametrize(
    ("nodes", "edges", "text"),
    [
        (3, [(0, 3)], "nodes from 0 to 2, got 0 -> 3; give it a size"),
        (3, [(-1, 0)], "nodes from 0 to 2, got -1 -> 0; give it a size"),
        (0, [(0, 0)], "no edges without nodes, got 0 -> 0; give it a size"),
        (1, [(0, 0)], f"{UNENDING} 0 -> 0; {OPEN}"),
        (4, [(0, 1), (1, 2), (2, 1), (2, 3)], f"{UNENDING} 1 -> 2 -> 1; {OPEN}"),
        (50, [*chain(50), (49, 0)], f"{UNENDING} {ROUND} -> ... -> 0; {OPEN}"),
    ],
)
def test_what_cannot_be_drawn_is_refused(nodes: int, edges: Edges, text: str) -> None:
    with pytest.raises(OptionError) as refusal:
        boxed(nodes, edges)
    assert str(refusal.value) == f"layered: expected {text}"
