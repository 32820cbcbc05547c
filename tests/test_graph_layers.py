"""GraphConv against the matrix formula of Kipf & Welling 2017, eq. 2, in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusegrad import nn
from tests.layer_cases.graph import EDGES
from tests.ops_sample import leaf

N = 5


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def made(**settings: Any) -> nn.GraphConv:
    layer = nn.GraphConv(3, 2, **settings, rng=rng()).to(np.float64)
    if layer.bias is not None:
        layer.bias.assign_(np.array([0.3, -0.2]))
    return layer


def matrix(edges: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A with the edges' weights, those of one place added up."""
    a = np.zeros((N, N))
    for source, target, w in zip(*edges, weights):
        a[target, source] += w
    return a


def of_the_paper(layer: nn.GraphConv, a: np.ndarray, x: np.ndarray) -> np.ndarray:
    a = a + np.eye(N) if layer.self_loops else a
    whole = np.array([1 / s if s else 0.0 for s in a.sum(1)])
    if layer.norm == "both":
        a = np.diag(np.sqrt(whole)) @ a @ np.diag(np.sqrt(whole))
    elif layer.norm == "right":
        a = np.diag(whole) @ a
    bias = 0.0 if layer.bias is None else layer.bias.numpy()
    return a @ x @ layer.weight.numpy().T + bias


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("self_loops", [True, False])
@pytest.mark.parametrize("norm", ["none", "right", "both"])
@pytest.mark.parametrize("weighted", [True, False])
def test_edges_and_matrices_give_the_formula(
    weighted: bool, norm: str, self_loops: bool, bias: bool
) -> None:
    layer = made(norm=norm, self_loops=self_loops, bias=bias)
    x, weights = rng(1).standard_normal((N, 3)), rng(2).uniform(0.5, 2.0, 7)
    given = {"edge_weight": weights} if weighted else {}
    a = matrix(EDGES, weights if weighted else np.ones(7))
    wanted = of_the_paper(layer, a, x)
    assert abs(layer(x, a).numpy() - wanted).max() < 1e-14
    assert abs(layer(x, edge_index=EDGES, **given).numpy() - wanted).max() < 1e-14
    batch = np.stack([x, 2 * x])
    for y in (layer(batch, np.stack([a, a])), layer(batch, a),
              layer(batch, edge_index=EDGES, **given)):  # fmt: skip
        assert abs(y.numpy()[0] - wanted).max() < 1e-14


@pytest.mark.parametrize("norm", ["right", "both"])
def test_a_node_without_edges_gets_the_bias_and_finite_gradients(norm: str) -> None:
    layer, a = made(norm=norm, self_loops=False), leaf(matrix(EDGES, np.ones(7)))
    y = layer(rng(1).standard_normal((N, 3)), a)
    assert np.array_equal(y.numpy()[4], layer.bias.numpy())
    y.sum().backward()
    grads = [a.grad, layer.weight.grad, layer.bias.grad]
    assert all(np.isfinite(g.numpy()).all() for g in grads)


def test_order_of_nodes_does_not_matter() -> None:
    """Nodes and edges renamed alike give the rows renamed."""
    layer, x, order = made(), rng(1).standard_normal((N, 3)), rng(3).permutation(N)
    place = np.argsort(order)  # node order[i] is now called i
    y = layer(x, edge_index=EDGES).numpy()
    renamed = layer(x[order], edge_index=place[EDGES]).numpy()
    assert abs(renamed - y[order]).max() < 1e-15


def test_two_layers_reach_two_steps_away_and_no_further() -> None:
    line = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])
    edges = np.hstack([line, line[::-1]])
    first, second = made(), nn.GraphConv(2, 2, rng=rng(4)).to(np.float64)
    x = rng(1).standard_normal((N, 3))
    moved = x.copy()
    moved[0] += 1.0
    before, after = (second(first(a, edge_index=edges), edge_index=edges) for a in (x, moved))
    changed = (before.numpy() != after.numpy()).any(1)
    assert changed.tolist() == [True, True, True, False, False]


def test_first_values_are_glorots() -> None:
    layer = nn.GraphConv(60, 40, rng=rng())
    bound = np.sqrt(6 / 100)
    assert 0.99 * bound < abs(layer.weight.numpy()).max() <= bound
    assert layer.bias is not None and not layer.bias.numpy().any()
