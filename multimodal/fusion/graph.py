"""GraphFusion: modalities are nodes that read each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops import activations
from ...engine.ops.shaping import stack
from ...nn import GraphConv, Linear
from ..presence import Presence
from .fusion import Fusion, demand_sizes


class GraphFusion(Fusion):
    """F = the mean over the nodes present of A relu(A H W_1^T + b_1) W_2^T + b_2. The nodes are
    the modalities, H their features h_m = f_m P_m^T + c_m in one width, and A = D^-1/2 (1 1^T)
    D^-1/2 the complete graph with self loops: 1 / n between all n that a sample has.

    Backward: on a complete graph all nodes are alike after one layer, and F = relu(h W_1^T +
    b_1) W_2^T + b_2 of their mean h. Each of n nodes receives the same, ((delta W_2) * (1 where
    relu is above 0)) W_1 / n: branches are told apart by P_m alone.
    Shapes: f_m (B, d_m) -> F (B, D). A missing modality is no node, and has no edges; a sample
    without any is 0. P and c are drawn as Linear draws, W by Xavier's rule, b_1 and b_2 are 0.
    Raises: OptionError for a width below 1.
    Differs: graph fusions elsewhere also take the samples for nodes; here no sample sees
    another.
    Source: Kipf & Welling 2017, eq. 2 and 9.
    """

    projections: dict[str, Linear]
    first: GraphConv
    second: GraphConv

    def __init__(
        self, widths: Mapping[str, int], width: int, *, rng: np.random.Generator
    ) -> None:
        super().__init__(widths)
        demand_sizes("GraphFusion", width=width)
        self._width = width
        self.projections = {n: Linear(d, width, rng=rng) for n, d in self.widths.items()}
        self.first = GraphConv(width, width, rng=rng)
        self.second = GraphConv(width, width, rng=rng)

    @property
    def width(self) -> int:
        return self._width

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        nodes = stack([self.projections[n](f) for n, f in features.items()], axis=1)
        edges = _edges(here, nodes.dtype)
        h = self.second(activations.relu(self.first(nodes, edges)), edges)
        table = here.table(h)
        return (h * table[:, :, None]).sum(axis=1) / here.count(h)


def _edges(here: Presence, dtype: np.dtype) -> np.ndarray:
    """1 between any two modalities that a sample has; loops are GraphConv's.

    Shapes: (B, M, M)."""
    table = np.stack([here[name] for name in here.names], axis=1)
    both = table[:, :, None] & table[:, None, :] & ~np.eye(len(here.names), dtype=bool)
    return both.astype(dtype)
