"""Ranking: one's own partner before all others, by a margin; and one's own class before others.

The slope at a hinge is 0, and of equally hard negatives each takes its share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.activations import relu
from ...engine.ops.broadcast import sum_
from ...engine.ops.diagonals import diagonal
from ...engine.ops.elementwise import where
from ...engine.ops.reductions import max_
from ...engine.ops.shaping import reshape, swap_last
from ...kernels import DTypeError, OptionError, ShapeError
from ...kernels.device import to_device
from ..presence import Present
from .pairwise import Pairwise, demand_one_width, some_rows
from .similarity import EPS, check_eps, cosines


class Ranking(Pairwise):
    """L = sum_i sum_{j != i} [alpha - S_ii + S_ij]+ + [alpha - S_ii + S_ji]+, S the cosines of
    a_i and b_j, alpha the `margin`; with `hardest`, of the j only the largest hinge counts.

    Backward: dS_ij is the number of hinges that S_ij keeps open (0, 1 or 2), dS_ii minus the
    number of all that are open in row and column i; da^ = dS b^, db^ = dS^T a^. A pair that is
    ranked right by the margin gets exactly 0. A single row has no negative: loss 0.
    Shapes: features (B, d), of one d -> (). Units: cosines, summed over rows.
    Raises: OptionError for a margin or eps below 0, ShapeError for unequal widths.
    Differs: more than two modalities give the mean over pairs; lengths as in `similarity.unit`.
    Source: Faghri et al. 2018 (VSE++: "sum of hinges" and "max of hinges").
    """

    def __init__(self, margin: float = 0.2, *, hardest: bool = False, eps: float = EPS) -> None:
        self.margin, self.hardest = _check_margin(type(self).__name__, margin), hardest
        self.eps = check_eps(type(self).__name__, eps)

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        demand_one_width(type(self).__name__, a, b)
        S = cosines(a, b, self.eps)
        return self.one_way(S) + self.one_way(swap_last(S))

    def one_way(self, S: Any, same: Any = None) -> Any:
        """The hinges of rows against their negatives: all j != i, or all not in `same`."""
        own = np.eye(len(S), dtype=bool) if same is None else same
        open_ = relu(self.margin - reshape(diagonal(S), (-1, 1)) + S)
        open_ = where(to_device(own, S.device), 0.0, open_)
        return sum_(max_(open_, axis=1) if self.hardest else open_)

    def extra_repr(self) -> str:
        return f"margin={self.margin:g}, hardest={self.hardest}"


class Structure(Ranking):
    """L = inter(a, b) + lambda (intra(a) + intra(b)): ranking between modalities, and inside
    each a triplet loss over neighbours, which are the rows of the same class.

    inter = the sum of `Ranking`, with rows of other classes alone for negatives; intra(f) =
    sum over i, j of the class of i, k of another, of [alpha - S_ij + S_ik]+, S the cosines
    inside f. lambda is `intra`.
    Backward: dS of the ranking, and of intra dS_ij minus the number of k that keep a hinge open
    and dS_ik plus the number of such j; f gets (dS + dS^T) f^, as it stands on both sides. The
    two add up.
    Shapes: features (B, d), of one d, labels (B,) whole numbers -> (). Units: cosines, summed.
    Memory: a hinge for every triple, B^3.
    Raises: DTypeError, ShapeError for labels that are not so; OptionError for a margin, lambda
    or eps below 0.
    Differs: from Wang: cosines in place of distances, and one's own partner is the one positive
    between modalities.
    Source: Wang et al. 2016, "Learning Deep Structure-Preserving Image-Text Embeddings".
    """

    def __init__(self, margin: float = 0.2, intra: float = 0.1, *, eps: float = EPS) -> None:
        super().__init__(margin, eps=eps)
        if not intra >= 0:
            raise OptionError("Structure", "intra >= 0", f"intra={intra}", "0.1 is usual")
        self.intra = intra

    def forward(  # type: ignore[override]  # labels are part of the formula
        self, features: Mapping[str, Any], labels: Any, present: Present | None = None
    ) -> Tensor:
        meetings = list(self.meetings(features, present))
        classes = _read_labels(labels, features)
        terms = []
        for m, n, rows in meetings:
            a, b = some_rows(features[m], rows), some_rows(features[n], rows)
            demand_one_width("Structure", a, b)
            same = classes[rows][:, None] == classes[rows]
            terms.append(self.between(a, b, same) + self.intra * self.within(a, b, same))
        return self.over_pairs(features, terms)

    def between(self, a: Tensor, b: Tensor, same: np.ndarray) -> Any:
        """The ranking of partners before rows of other classes."""
        S = cosines(a, b, self.eps)
        return self.one_way(S, same) + self.one_way(swap_last(S), same)

    def within(self, a: Tensor, b: Tensor, same: np.ndarray) -> Any:
        """The triplets inside both modalities."""
        return self.triplets(a, same) + self.triplets(b, same)

    def triplets(self, f: Tensor, same: np.ndarray) -> Any:
        """sum_{i, j in same, k not in same} [alpha - S_ij + S_ik]+."""
        n = len(f)
        S = cosines(f, f, self.eps)
        near = same & ~np.eye(n, dtype=bool)
        counted = to_device(near[:, :, None] & ~same[:, None, :], f.device)
        open_ = relu(self.margin - reshape(S, (n, n, 1)) + reshape(S, (n, 1, n)))
        return sum_(where(counted, open_, 0.0))

    def extra_repr(self) -> str:
        return f"margin={self.margin:g}, intra={self.intra:g}"


def _check_margin(where: str, margin: float) -> float:
    if not margin >= 0:
        raise OptionError(where, "a margin of 0 or more", f"{margin}", "0.2 is usual")
    return margin


def _read_labels(labels: Any, features: Mapping[str, Any]) -> np.ndarray:
    labels = labels.data if isinstance(labels, Tensor) else labels
    found = np.asarray(to_device(labels, "cpu"))
    rows = len(next(iter(features.values())))
    if found.dtype.kind not in "iu":
        repair = "convert with labels.astype(int)"
        raise DTypeError("Structure", "integer labels", str(found.dtype), repair)
    if found.shape != (rows,):
        got, repair = str(found.shape), "give one label for each row"
        raise ShapeError("Structure", f"labels of shape {(rows,)}", got, repair)
    return found
