"""Pairwise: base of objectives that hold the features of modalities against each other.

Every pair of modalities counts alike, over the samples that have both; where a batch has no
such sample, or there is one modality alone, the objective is 0 and passes nothing back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ...engine import Tensor
from ...kernels import DTypeError, OptionError, ShapeError
from ...kernels.device import to_device
from ...nn import Module
from ..presence import Present, read_presence


class Pairwise(Module):
    """Mean over pairs (m, n), m before n, of `pair(f_m, f_n)` on the rows that have both.

    Shapes: features (B, d) by modality, present (B,) by modality -> ().
    Raises: DTypeError, OptionError, ShapeError for features that are not so.
    """

    needs = 1  # rows that a pair must have in common; with fewer it counts 0
    sums = False  # whether pairs add up, where the formula is a sum over them

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        """The formula for one pair. Shapes: a (N, d_a), b (N, d_b) -> ()."""
        raise OptionError(type(self).__name__, "a pair method", "none", "define one")

    def forward(self, features: Mapping[str, Any], present: Present | None = None) -> Tensor:
        return self.over_pairs(features, [self.pair(*p) for p in self.pairs(features, present)])

    def over_pairs(self, features: Mapping[str, Any], terms: Sequence[Tensor]) -> Tensor:
        """The terms of those pairs that have rows, as the mean or sum over all pairs."""
        if not terms:
            return zero_like(features)
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total if self.sums else total / len(list(combinations(features, 2)))

    def pairs(
        self, features: Mapping[str, Any], present: Present | None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """The features of every pair, on the rows they have in common."""
        for m, n, rows in self.meetings(features, present):
            yield some_rows(features[m], rows), some_rows(features[n], rows)

    def meetings(
        self, features: Mapping[str, Any], present: Present | None
    ) -> Iterator[tuple[str, str, np.ndarray]]:
        """Every pair of names, and the rows that have both, where these are enough."""
        values = check_features(type(self).__name__, features)
        here = read_presence(list(values), len(next(iter(values.values()))), present)
        for m, n in combinations(values, 2):
            rows = here.together(m, n)
            if len(rows) >= self.needs:
                yield m, n, rows


def some_rows(x: Any, rows: np.ndarray) -> Tensor:
    """These rows of a feature, as a Tensor; the same Tensor where they are all."""
    x = x if isinstance(x, Tensor) else Tensor(x)
    return x if len(rows) == len(x) else x[rows]


def check_features(where: str, features: Mapping[str, Any]) -> dict[str, Tensor]:
    """The features as Tensors (B, d).

    Raises: DTypeError, OptionError, ShapeError for what is no dict of them, of one B.
    """
    if not isinstance(features, Mapping):
        repair = "name each feature by its modality"
        raise DTypeError(where, "a dict of features", type(features).__name__, repair)
    if not features:
        raise OptionError(where, "one modality or more", "none", "give it features")
    values = {n: x if isinstance(x, Tensor) else Tensor(x) for n, x in features.items()}
    rows = {len(x) for x in values.values() if len(x.shape) == 2}
    if len(rows) != 1 or any(len(x.shape) != 2 for x in values.values()):
        got = str({name: x.shape for name, x in values.items()})
        raise ShapeError(where, "features (B, d), of one B", got, "pool or reshape them")
    return values


def like_first(features: Mapping[str, Any]) -> Any:
    """The dtype of the first feature."""
    return next(iter(features.values())).dtype


def zero_like(features: Mapping[str, Any]) -> Tensor:
    """0, in the dtype and on the device of the first feature."""
    x = next(iter(features.values()))
    x = x if isinstance(x, Tensor) else Tensor(x)
    return Tensor(to_device(np.zeros((), x.dtype), x.device))


def demand_one_width(where: str, a: Tensor, b: Tensor) -> None:
    """Raises: ShapeError where two features differ in width."""
    if a.shape[1] != b.shape[1]:
        repair = "end both branches in one width, or project one"
        raise ShapeError(where, "features of one width", f"{a.shape} and {b.shape}", repair)
