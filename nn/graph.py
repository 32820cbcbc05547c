"""Layers on graphs: each node takes a mean of its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import linear
from ..engine.ops.dense import affine
from ..engine.ops.elementwise import rsqrt, where
from ..engine.ops.indexing import INDEX_ADD, pick
from ..engine.ops.picking import integers
from ..engine.ops.shaping import data_of, reshape
from ..engine.ops.updating import like
from ..engine.tape import apply
from ..kernels import OptionError, ShapeError
from . import init
from .applied import floats, real
from .module import Module
from .parameter import Parameter

NORMS = ("none", "right", "both")
WHERE = "GraphConv"
Mix = Callable[[Any], Any]


class GraphConv(Module):
    """D^-1/2 (A + I) D^-1/2 x W^T + b, where D is the diagonal of the row sums of A + I.

    A[i, j] is the weight of the edge from node j to node i; the graph is given as A, or as
    `edge_index`, a row of sources over a row of targets, with `edge_weight`, else 1 each. Edges
    that occur twice add up. `norm` is "both" as above, "right" for D^-1 (A + I), the mean over
    the neighbours, or "none". Without `self_loops`, I is left out; a node with no edge then
    gets b alone.

    Shapes: x (N, in_features) or (B, N, in_features); A (N, N) or (B, N, N), or edge_index
    (2, E) and edge_weight (E,) -> (..., N, out_features). W (out_features, in_features) is
    drawn by `init.xavier_uniform`, b is 0.
    Raises: ShapeError, DTypeError, OptionError for a graph that is not so, or whose row sums
    are negative.
    Differs: the activation is a layer of its own.
    Source: Kipf & Welling 2017, eq. 2, 8.
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        norm: str = "both",
        self_loops: bool = True,
        rng: np.random.Generator,
    ) -> None:
        if norm not in NORMS:
            rule = f"norm in {', '.join(NORMS)}"
            raise OptionError(WHERE, rule, repr(norm), "choose one of these")
        shape = (out_features, in_features)
        self.weight = Parameter(init.xavier_uniform(rng, shape), "weight")
        self.bias = Parameter(init.zeros((out_features,)), "bias") if bias else None
        self.norm, self.self_loops = norm, self_loops

    def forward(
        self,
        x: Any,
        adjacency: Any = None,
        edge_index: Any = None,
        edge_weight: Any = None,
    ) -> Tensor:
        x = self._read(x, adjacency, edge_index, edge_weight)
        h = affine(x, self.weight)
        if edge_index is None:
            mix = _by_matrix(h, adjacency)
        else:
            mix = _by_edges(h, edge_index, edge_weight)
        y = self._mixed(h, mix)
        return y if self.bias is None else y + self.bias

    def _read(self, x: Any, adjacency: Any, edge_index: Any, edge_weight: Any) -> Any:
        x = floats(WHERE, x)
        if len(x.shape) not in (2, 3) or x.shape[-1] != self.weight.shape[1]:
            rule = f"x of shape (N, {self.weight.shape[1]}) or (B, N, {self.weight.shape[1]})"
            raise ShapeError(WHERE, rule, str(x.shape), "build GraphConv for this width")
        if (adjacency is None) == (edge_index is None):
            got = "none" if adjacency is None else "both"
            raise OptionError(WHERE, "adjacency or edge_index", got, "give one of them")
        if adjacency is not None and edge_weight is not None:
            rule, repair = "edge_weight beside edge_index", "put the weights into it"
            raise OptionError(WHERE, rule, "an adjacency", repair)
        return x

    def _mixed(self, h: Any, neighbours: Mix) -> Any:
        """Each node's sum over its neighbours, normalised."""

        def total(h: Any) -> Any:
            return neighbours(h) + h if self.self_loops else neighbours(h)

        if self.norm == "none":
            return total(h)
        degree = total(like(np.ones((*h.shape[:-1], 1)), h))  # (..., N, 1)
        s = _inverse_root(degree)
        return s * total(s * h) if self.norm == "both" else s * s * total(h)

    def extra_repr(self) -> str:
        out, into = self.weight.shape
        bias = self.bias is not None
        return f"{into}, {out}, bias={bias}, norm={self.norm!r}, self_loops={self.self_loops}"


def _by_matrix(h: Any, adjacency: Any) -> Mix:
    """h -> A h."""
    a, n = real(WHERE, "adjacency", adjacency), h.shape[-2]
    if a.shape not in ((n, n), (*h.shape[:-2], n, n)):
        rule = " or ".join(dict.fromkeys(map(str, ((n, n), (*h.shape[:-2], n, n)))))
        repair = "one row and one column for each node"
        raise ShapeError(WHERE, f"adjacency of shape {rule}", str(a.shape), repair)
    a = like(a, h)
    return lambda h: linear.matmul(a, h)


def _by_edges(h: Any, edge_index: Any, edge_weight: Any) -> Mix:
    """h -> A h, each edge taking its source's row to its target."""
    edges, n = integers(WHERE, edge_index), h.shape[-2]
    count = edges.shape[-1:]
    weights = np.ones(count) if edge_weight is None else real(WHERE, "edge_weight", edge_weight)
    if edges.shape != (2, *count) or weights.shape != count:
        rule = "edge_index (2, E) and edge_weight (E,)"
        got = f"{edges.shape} and {weights.shape}"
        raise ShapeError(WHERE, rule, got, "give sources over targets, one weight each")
    if edges.size and not (edges.min() >= 0 and edges.max() < n):
        got, repair = f"{edges.min()} to {edges.max()}", "number the nodes from 0"
        raise OptionError(WHERE, f"edges between nodes in [0, {n})", got, repair)
    w = reshape(like(weights, h), (*count, 1))
    sources, targets = (end if len(h.shape) == 2 else (slice(None), end) for end in edges)
    return lambda h: apply(INDEX_ADD, w * pick(h, sources), index=targets, shape=h.shape)


def _inverse_root(degree: Any) -> Any:
    """degree^-1/2, and 0 for a node without edges."""
    if (data_of(degree) < 0).any():
        got, repair = f"{data_of(degree).min()}", "leave out edges below 0, or norm='none'"
        raise OptionError(WHERE, "row sums of 0 or more", got, repair)
    alone = data_of(degree) == 0
    return where(alone, 0.0, rsqrt(where(alone, 1.0, degree)))
