"""Consistency: modalities say the same, as distributions or as features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine import Tensor
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import exp, multiply, square, subtract
from ...engine.ops.reductions import mean
from ...engine.ops.softmax import log_softmax
from ...kernels import OptionError
from ..presence import Present
from .pairwise import Pairwise, demand_one_width, some_rows


class Consistency(Pairwise):
    """Base: L = sum_{m != n} distance(x_m, x_n), over both orders of every pair.

    With `detach` the first of each order is a constant, so that each learns from the others and
    none is pulled to them through both arguments. `targets`, by modality, stand for the first
    of each order, as from a slower copy of the network; they are constants, and of the rows of
    the features.
    Shapes: features (B, d) by modality, targets alike -> ().
    Raises: OptionError for targets of other modalities, ShapeError for unequal widths.
    """

    sums = True

    def __init__(self, *, detach: bool = False) -> None:
        self.detach = detach

    def distance(self, first: Any, second: Any) -> Any:
        """The formula. Shapes: (N, d) twice -> ()."""
        raise OptionError(type(self).__name__, "a distance method", "none", "define one")

    def forward(
        self,
        features: Mapping[str, Any],
        present: Present | None = None,
        targets: Mapping[str, Any] | None = None,
    ) -> Tensor:
        self._check(features, targets)
        terms = []
        for m, n, rows in self.meetings(features, present):
            a, b = some_rows(features[m], rows), some_rows(features[n], rows)
            demand_one_width(type(self).__name__, a, b)
            first, second = (
                self._first(x, name, rows, targets) for x, name in ((a, m), (b, n))
            )
            terms.append(self.distance(first, b) + self.distance(second, a))
        return self.over_pairs(features, terms)

    def _first(self, x: Tensor, name: str, rows: Any, targets: Any) -> Tensor:
        if targets is not None:
            given = some_rows(targets[name], rows).detach()
            demand_one_width(type(self).__name__, x, given)
            return given
        return x.detach() if self.detach else x

    def _check(self, features: Mapping[str, Any], targets: Mapping[str, Any] | None) -> None:
        if targets is not None and set(targets) != set(features):
            expected, got = f"targets of {list(features)}", str(list(targets))
            repair = "give one for each modality"
            raise OptionError(type(self).__name__, expected, got, repair)

    def extra_repr(self) -> str:
        return f"detach={self.detach}"


class ConsistencyKL(Consistency):
    """L = sum_{m != n} KL(p_m || p_n), p = softmax of the logits, a mean over rows.

    Backward: with c = log p_m - log p_n, z_n gets (p_n - p_m) / N from KL(p_m || p_n), and z_m
    gets p_m (c - <p_m, c>) / N; with `detach` z_n alone. Both orders add up, and every row of
    gradients sums to 0.
    Shapes: logits (B, C) by modality, targets alike -> (). Units: nats.
    Raises, detach, targets: as in `Consistency`.
    Differs: a sum over ordered pairs, as in the paper; the other objectives here take the mean.
    Source: Kullback & Leibler 1951; between modalities: MBSD, 2023.
    """

    def distance(self, first: Any, second: Any) -> Any:
        log_p, log_q = log_softmax(first), log_softmax(second)
        return sum_(multiply(exp(log_p), subtract(log_p, log_q))) / len(first)


class ConsistencyMSE(Consistency):
    """L = sum_{m != n} |f_m - f_n|^2 / (N d): features themselves are to agree.

    Backward: f_m gets 2 (f_m - f_n) / (N d) from each order, the second order's with `detach`
    alone.
    Shapes: features (B, d), of one d, targets alike -> ().
    Raises, detach, targets: as in `Consistency`.
    """

    def distance(self, first: Any, second: Any) -> Any:
        return mean(square(subtract(first, second)))
