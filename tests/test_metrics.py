"""Metrics against plain loops that count, and against scikit-learn where it is installed."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad import metrics
from tests.ops_sample import refused

CLASSES = st.integers(1, 5)
pairs = CLASSES.flatmap(
    lambda c: st.lists(st.tuples(st.integers(0, c - 1), st.integers(0, c - 1)), min_size=1)
)
SHARES = {"precision": metrics.precision, "recall": metrics.recall, "f1": metrics.f1}


def split(found_and_true: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [p for p, _ in found_and_true], [t for _, t in found_and_true]


def counted(name: str, found: list[int], true: list[int], classes: list[int]) -> Fraction:
    """A share by its definition: of these classes together, in exact arithmetic."""
    tp = sum(p == t == c for c in classes for p, t in zip(found, true))
    fp = sum(p == c != t for c in classes for p, t in zip(found, true))
    fn = sum(t == c != p for c in classes for p, t in zip(found, true))
    above, below = {
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "f1": (2 * tp, 2 * tp + fp + fn),
    }[name]
    return Fraction(above, below) if below else Fraction(0)


@pytest.mark.parametrize("name", SHARES)
@given(found_and_true=pairs)
def test_shares_of_classes_are_those_of_a_count(
    name: str, found_and_true: list[tuple[int, int]]
) -> None:
    found, true = split(found_and_true)
    used, share = sorted({*found, *true}), SHARES[name]
    each = [counted(name, found, true, [c]) for c in range(max(used) + 1)]
    weights = [true.count(c) for c in range(max(used) + 1)]
    wanted = {
        "macro": sum(each[c] for c in used) / len(used),
        "weighted": sum(w * x for w, x in zip(weights, each)) / len(true),
        "micro": counted(name, found, true, used),
    }
    for average, value in wanted.items():
        assert share(found, true, average) == pytest.approx(float(value), rel=1e-15, abs=0)
    assert share(found, true, "none").tolist() == pytest.approx([float(x) for x in each])
    if max(used) <= 1:
        one = float(counted(name, found, true, [1]))
        assert share(found, true) == pytest.approx(one, rel=1e-15, abs=0)


@given(found_and_true=pairs)
def test_confusion_and_accuracy_are_those_of_a_count(
    found_and_true: list[tuple[int, int]],
) -> None:
    found, true = split(found_and_true)
    counts = metrics.confusion_matrix(found, true, classes=6)
    assert counts.shape == (6, 6) and counts.sum() == len(true)
    for i in range(6):
        for j in range(6):
            assert counts[i, j] == sum((t, p) == (i, j) for p, t in found_and_true)
    size = max(*found, *true) + 1
    assert np.array_equal(metrics.confusion_matrix(found, true), counts[:size, :size])
    hits = sum(p == t for p, t in found_and_true)
    assert metrics.accuracy(found, true) == hits / len(true)


def test_a_share_of_nothing_is_0_and_an_unused_class_has_no_say() -> None:
    found, true = [0, 0, 3], [0, 3, 0]
    assert metrics.precision(found, true, "none").tolist() == [0.5, 0, 0, 0]
    assert metrics.f1(found, true, "macro") == 0.25  # of classes 0 and 3
    assert metrics.precision([0, 0], [0, 1]) == metrics.recall([1, 0], [0, 0]) == 0.0
    assert metrics.f1([0, 0], [0, 0]) == 0.0
    scores = np.eye(5)[[0, 0, 3]]
    assert metrics.recall(scores, true, "none").tolist() == [0.5, 0, 0, 0, 0]


@given(
    labels=st.lists(st.booleans(), min_size=2).filter(lambda x: 0 < sum(x) < len(x)),
    seed=st.integers(0, 999),
)
def test_an_area_is_the_share_of_pairs_in_order(labels: list[bool], seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, len(labels)) * 0.25  # many are equal
    wins = [
        1.0 if p > n else 0.5 if p == n else 0.0
        for p, is_p in zip(scores, labels)
        for n, is_n in zip(scores, labels)
        if is_p and not is_n
    ]
    assert metrics.roc_auc(scores, labels) == pytest.approx(np.mean(wins), rel=1e-12)
    infinite = np.where(scores == 0.75, np.inf, scores)
    assert metrics.roc_auc(infinite, labels) == metrics.roc_auc(scores, labels)
    two = np.stack([-scores, scores], 1)
    assert metrics.roc_auc(two, labels) == pytest.approx(np.mean(wins), rel=1e-12)


def test_an_area_of_many_classes_is_the_mean_of_each_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(30, 4)), np.arange(30) % 4
    each = [metrics.roc_auc(scores[:, c], (labels == c).astype(int)) for c in range(4)]
    assert metrics.roc_auc(scores, labels) == pytest.approx(np.mean(each), rel=1e-15)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_the_k_best_are_those_of_a_stable_sort(k: int) -> None:
    rng = np.random.default_rng(1)
    scores, labels = rng.integers(0, 4, (40, 5)) * 1.0, rng.integers(0, 5, 40)
    hits = [
        t in sorted(range(5), key=lambda c: (-row[c], c))[:k] for row, t in zip(scores, labels)
    ]
    assert metrics.top_k_accuracy(scores, labels, k) == np.mean(hits)
    if k == 1:
        assert metrics.accuracy(scores, labels) == np.mean(hits)


def test_tensors_axes_before_the_classes_and_every_integer_are_taken() -> None:
    rng = np.random.default_rng(2)
    scores, labels = rng.normal(size=(3, 4, 5)), rng.integers(0, 5, (3, 4))
    flat = scores.reshape(12, 5), labels.reshape(12)
    for name in ("accuracy", "top_k_accuracy"):
        f: Any = getattr(metrics, name)
        more = {"k": 2} if name == "top_k_accuracy" else {}
        assert f(scores, labels, **more) == f(*flat, **more)
        leaf = fg.Tensor(scores, requires_grad=True)
        assert f(leaf, fg.Tensor(labels), **more) == f(*flat, **more)
    assert metrics.f1(scores, labels, "macro") == metrics.f1(*flat, "macro")
    for dtype in (np.uint8, np.int32, bool):
        assert metrics.accuracy(np.array([1, 0], dtype), [True, True]) == 0.5


def test_a_mean_over_batches_of_unequal_size_is_that_of_all_rows() -> None:
    values, mean = np.random.default_rng(3).normal(size=17), metrics.Mean()
    assert math.isnan(mean.value) and repr(mean) == "Mean(nan)"
    for part in np.split(values, [3, 4, 11]):
        mean.add(fg.Tensor(part.mean()), weight=len(part))
    assert mean.value == pytest.approx(values.mean(), rel=1e-14)
    mean = metrics.Mean()
    mean.add(1)
    mean.add(2)
    assert mean.value == 1.5 and repr(mean) == "Mean(1.5)"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("classes", [2, 3, 6])
def test_numbers_are_those_of_scikit_learn(classes: int) -> None:
    theirs, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(4)
    true, found = rng.integers(0, classes, (2, 50))
    true[:classes] = range(classes)
    assert metrics.accuracy(found, true) == theirs.accuracy_score(true, found)
    mine = metrics.confusion_matrix(found, true)
    assert np.array_equal(mine, theirs.confusion_matrix(true, found))
    for average in ("macro", "micro", "weighted", *(["binary"] if classes == 2 else [])):
        for name, share in SHARES.items():
            other = getattr(theirs, f"{name}_score")(true, found, average=average)
            assert share(found, true, average) == pytest.approx(other, rel=1e-14)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_ranks_are_those_of_scikit_learn(classes: int) -> None:
    theirs, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(5)
    true, scores = np.arange(50) % classes, rng.random((50, classes)).round(1) + 0.05
    scores /= scores.sum(1, keepdims=True)
    one = scores[:, 1] if classes == 2 else scores
    other = theirs.roc_auc_score(true, one, multi_class="ovr")
    assert metrics.roc_auc(one, true) == pytest.approx(other, rel=1e-14)
    smooth = rng.random((50, classes))  # of equals sklearn takes the last classes
    if classes > 2:
        other = theirs.top_k_accuracy_score(true, smooth, k=2)
        assert metrics.top_k_accuracy(smooth, true, 2) == other


SCORES = np.eye(3)
FIT = "reshape one of them"
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: metrics.accuracy([], []), fg.ShapeError,
     "accuracy: expected at least one label, got shape (0,); see the batch"),
    (lambda: metrics.accuracy([1, 0], [1, 0, 1]), fg.ShapeError,
     "accuracy: expected classes (...) or scores (..., C), and labels (...), got (2,) and "
     f"(3,); {FIT}"),
    (lambda: metrics.accuracy(SCORES, [0, 1]), fg.ShapeError,
     f"accuracy: expected scores (..., C) and labels (...), got (3, 3) and (2,); {FIT}"),
    (lambda: metrics.accuracy([0.5, 0.5], [0, 1]), fg.DTypeError,
     "accuracy: expected predicted classes as integers, got float64; convert with astype(int), "
     "or give scores (..., C)"),
    (lambda: metrics.accuracy([0, 1], [0.0, 1.0]), fg.DTypeError,
     "accuracy: expected labels as integers, got float64; convert with astype(int), or give "
     "scores (..., C)"),
    (lambda: metrics.f1([0, -1], [0, 1]), fg.OptionError,
     "f1: expected predicted classes from 0 up, got -1; number classes from 0"),
    (lambda: metrics.recall(SCORES, [0, 1, 3]), fg.OptionError,
     "recall: expected labels in [0, 3), got 3; give a score for every class"),
    (lambda: metrics.confusion_matrix([0, 2], [0, 1], classes=2), fg.OptionError,
     "confusion_matrix: expected classes, a number from 3 up, got classes=2; count them all"),
    (lambda: metrics.confusion_matrix([0, 2], [0, 1], classes=3.5), fg.OptionError,
     "confusion_matrix: expected classes, a number from 3 up, got classes=3.5; count them all"),
    (lambda: metrics.precision([0, 1], [0, 1], "mean"), fg.OptionError,
     "precision: expected average in binary, macro, micro, weighted, none, got 'mean'; choose "
     "one of these"),
    (lambda: metrics.precision([0, 1], [0, 2]), fg.OptionError,
     "precision: expected classes 0 and 1, got class 2; choose macro, micro or weighted"),
    (lambda: metrics.top_k_accuracy([0, 1], [0, 1], 1), fg.ShapeError,
     f"top_k_accuracy: expected scores (..., C) and labels (...), got (2,) and (2,); {FIT}"),
    (lambda: metrics.top_k_accuracy(SCORES, [0, 1, 2]), fg.OptionError,
     "top_k_accuracy: expected k in 1 .. 3, got k=5; see the classes"),
    (lambda: metrics.top_k_accuracy(SCORES, [0, 1, 2], 0.5), fg.OptionError,
     "top_k_accuracy: expected k in 1 .. 3, got k=0.5; see the classes"),
    (lambda: metrics.roc_auc(np.zeros((2, 2, 2)), [0, 1]), fg.ShapeError,
     "roc_auc: expected scores (N,) or (N, C), and labels (N,), got (2, 2, 2) and (2,); "
     + FIT),
    (lambda: metrics.roc_auc([0.1, np.nan], [0, 1]), fg.OptionError,
     "roc_auc: expected scores in an order, got nan; see how they are made"),
    (lambda: metrics.roc_auc(["a", "b"], [0, 1]), fg.DTypeError,
     "roc_auc: expected scores that are numbers, got <U1; give one for each row"),
    (lambda: metrics.accuracy([[1, 2], [3]], [0, 1]), fg.ShapeError,
     "metrics: expected rows of one length, got others; pad them"),
    (lambda: metrics.roc_auc([0.1, 0.2], [0, 2]), fg.OptionError,
     "roc_auc: expected classes 0 and 1, got class 2; give scores (N, C) for more"),
    (lambda: metrics.roc_auc([0.1, 0.2], [1, 1]), fg.OptionError,
     "roc_auc: expected at least one of each, got 2 of class 1 and 0 others; an area needs "
     "both: take more rows"),
    (lambda: metrics.roc_auc(SCORES, [0, 1, 1]), fg.OptionError,
     "roc_auc: expected at least one of each, got 0 of class 2 and 3 others; an area needs "
     "both: take more rows"),
    (lambda: metrics.roc_auc(SCORES, [0, 1, 3]), fg.OptionError,
     "roc_auc: expected labels in [0, 3), got 3; give a score for every class"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED)
def test_refusals(wrong: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with refused(kind, text):
        wrong()
