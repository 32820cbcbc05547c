"""Losses of margins, of distances and of sequences: each with every reduction and option."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.engine.ops.softmax import log_softmax
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.case import Case
from tests.layer_cases.loss import (
    MODE,
    REDUCTIONS,
    WEIGHT,
    Inputs,
    classes,
    every,
    made,
    signed,
)


def alignments(*targets: list[int], flat: bool = False) -> Inputs:
    """Scores for 4 classes, 0 the blank, and targets with their lengths."""
    rows = np.zeros((len(targets), max(map(len, targets))), int)
    for row, labels in zip(rows, targets):
        row[: len(labels)] = labels
    given = np.concatenate([np.array(t, int) for t in targets]) if flat else rows
    lengths = np.array([*map(len, targets)])
    steps = np.arange(len(targets)) % 2 + 5
    return lambda rng: (rng.standard_normal((6, len(targets), 4)), given, steps, lengths)


def ours(layer: Any, scores: Any, *given: Any) -> Any:
    """CTC behind a log_softmax, where both libraries have the same gradient."""
    return layer(log_softmax(scores), *given)


def theirs(layer: Any, scores: Any, *given: Any) -> Any:
    return layer(scores.log_softmax(-1), *given)


CTC: dict[str, Any] = {"call": ours, "torch_call": theirs}
CASES = [
    # ---- margins
    *every("HingeLoss", signed((4, 3), (4, 3)), {"margin": 0.5}, peer=False),
    *every("SoftMarginLoss", signed((4, 3), (4, 3)),
           torch_call=lambda layer, x, y: layer(x, y.to(x.dtype))),
    *every("HingeEmbeddingLoss", signed((4, 3), (4, 3)), {"margin": 0.5}),
    *every("MarginRankingLoss", signed((6,), (6,), (6,)), {"margin": 0.5}),
    *every("MultiMarginLoss", classes(5, 3), {"p": 2}, {"margin": 0.5}, {"weight": WEIGHT},
           {"p": 2, "margin": 0.3, "weight": WEIGHT, "reduction": "none"}),
    *every("MultiMarginLoss of one row", lambda rng: (rng.standard_normal(3), np.array(1))),
    *every("CosineEmbeddingLoss", signed((6, 3), (6, 3), (6,)), {"margin": 0.3}),
    *every("CosineEmbeddingLoss of one pair", signed((3,), (3,), ())),
    *every("TripletMarginLoss", signed((6, 3), (6, 3), (6, 3), ()), {"margin": 0.4}, {"p": 3.0},
           {"p": 1.0}, {"swap": True}, {"swap": True, "reduction": "none", "eps": 1e-3},
           call=lambda layer, *x: layer(*x[:3])),
    *every("TripletMarginLoss of three vectors", signed((3,), (3,), (3,), ()),
           call=lambda layer, *x: layer(*x[:3])),
    # ---- sequences
    *every("CTCLoss", alignments([1, 2, 3], [1], [2, 2], [3, 1]), {"zero_infinity": True},
           **CTC),
    *every("CTCLoss of a target without labels", alignments([], [2, 1, 2]), **CTC),
    *every("CTCLoss of targets in a row", alignments([1, 2], [3, 3], [2], flat=True), **CTC),
    Case("CTCLoss, blank last", made("CTCLoss", blank=3), lambda rng: (
        rng.standard_normal((4, 2, 4)), np.array([[0, 1, 0], [1, 1, 0]]), np.array([4, 3]),
        np.array([3, 2])), **CTC, **MODE),
    *(Case(f"CTCLoss, no path, {how}", made("CTCLoss", zero_infinity=True, reduction=how),
           alignments([1, 2, 3], [1, 1, 1, 1], [2]), **CTC, **MODE) for how in REDUCTIONS),
    *every("CTCLoss of one sequence", lambda rng: (
        rng.standard_normal((5, 3)), np.array([1, 2]), np.array(5), np.array(2)), **CTC),
]  # fmt: skip

X, Y = np.zeros((2, 3)), np.array([0, 1])
SEQUENCE = np.zeros((4, 2, 3))


def ctc(scores: Any = SEQUENCE, targets: Any = Y[:, None] + 1, steps: Any = (4, 4),
        lengths: Any = (1, 1)) -> Any:  # fmt: skip
    return nn.CTCLoss()(scores, targets, steps, lengths)


REFUSED = [
    (lambda: nn.TripletMarginLoss(p=float("nan")), OptionError,
     "TripletMarginLoss: expected p > 0, got nan; give another p"),
    (lambda: nn.CosineEmbeddingLoss(margin=-2), OptionError,
     "CosineEmbeddingLoss: expected margin in [-1, 1], got -2; give another margin"),
    (lambda: nn.MultiMarginLoss(p=3), OptionError,
     "MultiMarginLoss: expected p in 1, 2, got 3; choose one of these"),
    (lambda: nn.HingeLoss()(X[0], [0, 1, 1]), OptionError,
     "HingeLoss: expected targets of 1 or -1, got 0; make -1 of the class 0"),
    (lambda: nn.MarginRankingLoss()(X[0], X[0], 1), ShapeError,
     "MarginRankingLoss: expected a target of shape (3,), got (); reshape one of them"),
    (lambda: nn.MarginRankingLoss()(X, X[0], Y), ShapeError,
     "MarginRankingLoss: expected x2 of shape (2, 3), got (3,); reshape one of them"),
    (lambda: nn.TripletMarginLoss()(X, X, X[0]), ShapeError,
     "TripletMarginLoss: expected a negative of shape (2, 3), got (3,); reshape one of them"),
    (lambda: nn.CosineEmbeddingLoss()(Y, X, Y), DTypeError,
     "CosineEmbeddingLoss: expected x1 of floats, got int64; use astype(np.float32)"),
    (lambda: nn.MultiMarginLoss()(X[None], Y), ShapeError,
     "MultiMarginLoss: expected scores of shape (N, C) or (C,), got (1, 2, 3); reshape them"),
    (lambda: nn.MultiMarginLoss(weight=[1])(X, Y), ShapeError,
     "MultiMarginLoss: expected a weight of shape (3,), got (1,); reshape one of them"),
    (lambda: nn.TripletMarginLoss()(X[None], X[None], X[None]), ShapeError,
     "TripletMarginLoss: expected vectors of shape (N, D) or (D,), got (1, 2, 3); reshape "
     "them"),
    # ---- sequences
    (lambda: ctc(X[0]), ShapeError,
     "CTCLoss: expected log_probs of shape (T, N, C) or (T, C), got (3,); reshape them"),
    (lambda: nn.CTCLoss(blank=3)(SEQUENCE, Y, Y, Y), OptionError,
     "CTCLoss: expected blank in [0, 3), got 3 to 3; it is one of the classes"),
    (lambda: nn.CTCLoss(blank=0.5)(SEQUENCE, Y, Y, Y), DTypeError,
     "CTCLoss: expected integer blank, got float64; convert with astype(int)"),
    (lambda: ctc(steps=(4, 5)), OptionError,
     "CTCLoss: expected input_lengths in [1, 5), got 4 to 5; count the steps of each"),
    (lambda: ctc(steps=(4.0, 4.0)), DTypeError,
     "CTCLoss: expected integer input_lengths, got float64; convert with astype(int)"),
    (lambda: ctc(steps=(4,)), ShapeError,
     "CTCLoss: expected input_lengths of shape (2,), got (1,); reshape one of them"),
    (lambda: ctc(lengths=(1, -1)), OptionError,
     "CTCLoss: expected target_lengths in [0, 2), got -1 to 1; count the labels of each"),
    (lambda: ctc(lengths=(1, 2)), ShapeError,
     "CTCLoss: expected targets of shape (2, 2) or more, or (3,), got (2, 1); see "
     "target_lengths"),
    (lambda: ctc(targets=Y[:, None] + 2), OptionError,
     "CTCLoss: expected targets in [0, 3), got 2 to 3; number classes from 0"),
    (lambda: ctc(targets=Y[:, None]), OptionError,
     "CTCLoss: expected targets without the blank, got 0 among them; number the labels around "
     "it"),
    (lambda: nn.HingeLoss()(X[0], np.ones(3, complex)), DTypeError,
     "HingeLoss: expected a target of real numbers, got complex128; take a part of it"),
]  # fmt: skip
