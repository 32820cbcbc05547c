"""Connectionist temporal classification: labels in order, and nobody knows when each comes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.elementwise import add, divide, equal, negative, where
from ...engine.ops.indexing import pick
from ...engine.ops.picking import take_along_axis
from ...engine.ops.reductions import logsumexp
from ...engine.ops.shaping import concat, reshape, stack
from ...kernels import ShapeError
from ..applied import floats
from .base import Loss
from .checks import beside, in_range, whole
from .sequences import Sequences, sequences


class CTCLoss(Loss):
    """-log of the sum, over all paths that read as the target, of their probability. A path has
    a label or a blank for each step, and is read by taking repeats once and leaving out blanks.

    Let alpha[t, s] be the sum over paths of the first t steps that end at place s of blank, l1,
    blank, l2, ..., blank. Then alpha[t, s] = p[t, label_s] (alpha[t-1, s] + alpha[t-1, s-1] +
    alpha[t-1, s-2]), the last only where label_s is neither blank nor label_(s-2).

    "mean" divides each loss by the length of its target, at least 1, and averages. The loss of
    a target that no path reads as, one too long for its input, is inf, or with `zero_infinity`
    0; its gradient is 0. Units: nats; T steps one after the other, each over N S numbers.
    Shapes: log_probs (T, N, C); targets (N, S), whatever stands behind the labels, or all one
    after the other in one axis; input_lengths, target_lengths (N,) -> () or, with reduction
    "none", (N,). Or one sequence, without N.
    Source: Graves et al. 2006, "Connectionist Temporal Classification", eqs. 5-8 and 12, in
    logarithms. Differs: log_probs get the gradient of this formula; PyTorch's is another that
    behind a log_softmax comes to the same, and nan where the loss is inf. An input has at least
    one step.
    Raises: ShapeError, DTypeError, OptionError for labels and lengths that do not fit.
    """

    def __init__(
        self, blank: int = 0, *, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(
        self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        log_probs = floats(self.name, log_probs, "log_probs")
        shape = log_probs.shape
        if len(shape) not in (2, 3):
            rule = "log_probs of shape (T, N, C) or (T, C)"
            raise ShapeError(self.name, rule, str(shape), "reshape them")
        blank = whole(self.name, "blank", self.blank)
        in_range(self.name, "blank", blank, 0, shape[-1], "it is one of the classes")
        given = (targets, input_lengths, target_lengths)
        known = sequences(self.name, shape, self.blank, *given)
        rows = reshape(log_probs, (shape[0], len(known.steps), shape[-1]))
        losses = negative(log_likelihood(rows, known, self.blank))
        if self.zero_infinity:
            losses = where(equal(losses, math.inf), 0.0, losses)  # nan stays
        if self.reduction == "mean":
            counts = np.maximum(known.lengths, 1).astype(losses.dtype)
            losses = divide(losses, beside(counts, losses))
        return self.reduced(reshape(losses, shape[1:-1]))

    def settings(self) -> dict[str, Any]:
        return {"blank": self.blank, "zero_infinity": self.zero_infinity}


def log_likelihood(log_probs: Any, known: Sequences, blank: int) -> Any:
    """log p(labels) of each sequence. Shapes: (T, N, C) -> (N,)."""
    places, may_skip = between_blanks(known.labels, blank)
    first, *later = one_by_one(take_along_axis(log_probs, places[None], 2))  # (N, L)
    never = beside(np.full((len(places), 2), -math.inf, log_probs.dtype), log_probs)
    alpha = where(beside(np.arange(places.shape[1]) < 2, first), first, -math.inf)
    for t, now in enumerate(later, 1):
        before = concat([never, alpha], 1)
        skipped = where(beside(may_skip, now), pick(before, np.s_[:, :-2]), -math.inf)
        ways = stack([alpha, pick(before, np.s_[:, 1:-1]), skipped])
        goes_on = beside(t < known.steps[:, None], now)
        alpha = where(goes_on, add(logsumexp(ways, 0), now), alpha)
    ends = 2 * known.lengths[:, None] - np.arange(2)  # the last blank, the last label if any
    last = take_along_axis(alpha, np.maximum(ends, 0), 1)
    return logsumexp(where(beside(ends >= 0, last), last, -math.inf), 1)


def between_blanks(labels: np.ndarray, blank: int) -> tuple[np.ndarray, np.ndarray]:
    """blank, l1, blank, l2, ..., blank, and where a path may come from two places before.
    Shapes: (N, S) -> twice (N, L), L = 2 S + 1."""
    places = np.full((len(labels), 2 * labels.shape[1] + 1), blank)
    places[:, 1::2] = labels
    may_skip = np.zeros(places.shape, bool)
    may_skip[:, 2:] = (places[:, 2:] != blank) & (places[:, 2:] != places[:, :-2])
    return places, may_skip


def one_by_one(x: Any) -> list[Any]:
    """x[0], x[1], ..., by halves: the gradient of each piece is an array of the size of what it
    was cut from, so that all of x would cost its length squared."""
    n = len(x) // 2
    if not n:
        return [pick(x, 0)]
    return [*one_by_one(pick(x, np.s_[:n])), *one_by_one(pick(x, np.s_[n:]))]
