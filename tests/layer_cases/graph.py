"""GraphConv. PyTorch has none: here it is held against differences, in
test_graph_layers.py against the matrix formula of the paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.attention import normal
from tests.layer_cases.case import Case, Inputs

# Edge 3 -> 0 twice, one from a node to itself; node 4 has none.
EDGES = np.array([[0, 1, 1, 2, 3, 3, 2], [1, 0, 2, 1, 0, 0, 2]])
EDGELESS = np.zeros((2, 0), int)


def graph(name: str, inputs: Inputs, call: Any = None, **settings: Any) -> Case:
    def build(nn: Any, **rng: Any) -> Any:
        return nn.GraphConv(3, 2, **settings, **rng)

    given = {} if call is None else {"call": call}
    return Case(f"graph, {name}", build, inputs, peer=False, modes=("eval",), **given)


def weights(*shapes: tuple[int, ...]) -> Inputs:
    """x, and positive weights of edges."""
    return lambda rng: (rng.standard_normal(shapes[0]), rng.uniform(0.5, 2.0, shapes[1]))


def by_edges(layer: Any, x: Any, edge_weight: Any = None) -> Any:
    return layer(x, edge_index=EDGES, edge_weight=edge_weight)


def without_edges(layer: Any, x: Any) -> Any:
    return layer(x, edge_index=EDGELESS)


def of_truths(layer: Any, x: Any) -> Any:
    return layer(x, np.eye(4, k=1) > 0)


CASES = [
    graph("dense", weights((4, 3), (4, 4))),
    graph("dense, the mean", weights((4, 3), (4, 4)), norm="right"),
    graph("dense, the sum", normal((4, 3), (4, 4)), norm="none", bias=False),
    graph("dense, a batch", weights((2, 4, 3), (2, 4, 4))),
    graph("dense, one graph for a batch", weights((2, 4, 3), (4, 4)), norm="right"),
    graph("dense, an empty batch", weights((0, 4, 3), (4, 4))),
    graph("dense, of truths, with a lonely node", normal((4, 3)), of_truths, self_loops=False),
    graph("edges", normal((5, 3)), by_edges),
    graph("edges with weights", weights((5, 3), (7,)), by_edges),
    graph("edges, the mean", weights((5, 3), (7,)), by_edges, norm="right"),
    graph("edges, the sum", normal((5, 3), (7,)), by_edges, norm="none", self_loops=False),
    graph("edges, a lonely node", weights((5, 3), (7,)), by_edges, self_loops=False),
    graph("edges, a batch", weights((2, 5, 3), (7,)), by_edges),
    graph("no edges", normal((2, 3)), without_edges),
    graph("no edges at all", normal((2, 3)), without_edges, self_loops=False, norm="right"),
    graph("one node", weights((1, 3), (1, 1))),
]


def layer(**settings: Any) -> nn.GraphConv:
    return nn.GraphConv(3, 2, **settings, rng=np.random.default_rng(0))


def x(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return np.ones(shape, dtype)


REFUSED = [
    (lambda: layer(norm="left"), OptionError,
     "GraphConv: expected norm in none, right, both, got 'left'; choose one of these"),
    (lambda: layer()(x(4, 2), x(4, 4)), ShapeError,
     "GraphConv: expected x of shape (N, 3) or (B, N, 3), got (4, 2); build GraphConv for "
     "this width"),
    (lambda: layer()(x(4, 3, dtype=int), x(4, 4)), DTypeError,
     "GraphConv: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: layer()(x(4, 3)), OptionError,
     "GraphConv: expected adjacency or edge_index, got none; give one of them"),
    (lambda: layer()(x(4, 3), x(4, 4), EDGES), OptionError,
     "GraphConv: expected adjacency or edge_index, got both; give one of them"),
    (lambda: layer()(x(4, 3), x(4, 4), None, x(7)), OptionError,
     "GraphConv: expected edge_weight beside edge_index, got an adjacency; put the weights "
     "into it"),
    (lambda: layer()(x(4, 3), x(4, 5)), ShapeError,
     "GraphConv: expected adjacency of shape (4, 4), got (4, 5); one row and one column for "
     "each node"),
    (lambda: layer()(x(2, 4, 3), x(3, 4, 4)), ShapeError,
     "GraphConv: expected adjacency of shape (4, 4) or (2, 4, 4), got (3, 4, 4); one row and "
     "one column for each node"),
    (lambda: layer()(x(4, 3), edge_index=EDGES.T), ShapeError,
     "GraphConv: expected edge_index (2, E) and edge_weight (E,), got (7, 2) and (2,); give "
     "sources over targets, one weight each"),
    (lambda: layer()(x(5, 3), edge_index=EDGES, edge_weight=x(6)), ShapeError,
     "GraphConv: expected edge_index (2, E) and edge_weight (E,), got (2, 7) and (6,); give "
     "sources over targets, one weight each"),
    (lambda: layer()(x(5, 3), edge_index=x(2, 7)), DTypeError,
     "GraphConv: expected integer indices, got float64; convert them with astype(int)"),
    (lambda: layer()(x(3, 3), edge_index=EDGES), OptionError,
     "GraphConv: expected edges between nodes in [0, 3), got 0 to 3; number the nodes from 0"),
    (lambda: layer()(x(5, 3), edge_index=EDGES - 1), OptionError,
     "GraphConv: expected edges between nodes in [0, 5), got -1 to 2; number the nodes from "
     "0"),
    (lambda: layer()(x(4, 3), -x(4, 4)), OptionError,
     "GraphConv: expected row sums of 0 or more, got -3.0; leave out edges below 0, or "
     "norm='none'"),
    (lambda: layer()(x(4, 3), x(4, 4, dtype=complex)), DTypeError,
     "GraphConv: expected adjacency of real numbers, got complex128; take a part of it"),
    (lambda: layer()(x(4, 3), None, EDGES, np.ones(EDGES.shape[1], complex)), DTypeError,
     "GraphConv: expected edge_weight of real numbers, got complex128; take a part of it"),
]  # fmt: skip
