"""CTC against every path there is; what it makes of lengths, and of targets without a path."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from tests.ops_sample import leaf
from tests.rows_sample import MP
from tests.test_losses import FLOATS, exact, rng, same


def reads(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def by_paths(p: np.ndarray, target: tuple[int, ...], blank: int) -> tuple[Any, np.ndarray]:
    """-log of the probability of all paths that read as the target, and its slope in each log
    probability: minus the share of the paths that go there. Shapes: p (T, C)."""
    exactly = [[exact(v) for v in row] for row in p]
    total, through = MP.mpf(0), np.full(p.shape, MP.mpf(0), object)
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        if reads(path, blank) == target:
            share = MP.fprod(exactly[t][k] for t, k in enumerate(path))
            total += share
            for t, k in enumerate(path):
                through[t, k] += share
    if not total:
        return np.inf, np.zeros(p.shape)
    return -MP.log(total), (-through / total).astype(float)


TARGETS = [(), (1,), (2, 1), (1, 1), (1, 2, 1), (2, 2, 2), (1, 2, 2, 1), (1, 1, 1, 1)]


@pytest.mark.parametrize("steps", [1, 3, 5])
@pytest.mark.parametrize("blank", [0, 2])
def test_ctc_is_the_sum_over_all_paths(steps: int, blank: int) -> None:
    p = rng().dirichlet(np.ones(3), (steps, len(TARGETS)))  # (T, N, C)
    targets = [tuple((k - 1) % 3 if blank == 2 else k for k in t) for t in TARGETS]
    lengths = [*map(len, targets)]
    rows = np.zeros((len(targets), max(lengths)), int)
    for row, labels in zip(rows, targets):
        row[: len(labels)] = labels
    layer, log_p = nn.CTCLoss(blank, reduction="none"), leaf(np.log(p))
    losses = layer(log_p, rows, np.full(len(targets), steps), lengths)
    losses.sum().backward()
    for n, target in enumerate(targets):
        wanted, slopes = by_paths(p[:, n], target, blank)
        same(losses.numpy()[n], float(wanted), 40)
        same(log_p.grad.numpy()[:, n], slopes, 40)


def test_ctc_does_not_look_beyond_a_length() -> None:
    x = leaf(rng().standard_normal((5, 2, 3)))
    targets, steps, lengths = np.array([[1, 2], [2, 99]]), [5, 3], [2, 1]
    layer = nn.CTCLoss(reduction="none")
    y = layer(fg.log_softmax(x), targets, steps, lengths)
    alone = layer(fg.log_softmax(x[:3, 1:]), [[2]], [3], [1])
    same(y.numpy()[1:], alone)
    y.sum().backward()
    assert np.all(x.grad.numpy()[3:, 1] == 0) and np.all(x.grad.numpy()[3:, 0] != 0)


@pytest.mark.parametrize("dtype", FLOATS)
def test_ctc_of_many_steps_and_sure_scores_stays_finite(dtype: Any) -> None:
    x = rng().choice([-1000.0, 0.0, 1000.0], (200, 2, 5)).astype(dtype)
    scores = leaf(x)
    y = nn.CTCLoss()(fg.log_softmax(scores), np.ones((2, 40), int), [200, 150], [40, 40])
    y.backward()
    assert y.dtype == dtype and np.isfinite(float(y)) and np.isfinite(scores.grad.numpy()).all()


def test_an_impossible_target_is_infinite_or_0_and_teaches_nothing() -> None:
    x = leaf(rng().standard_normal((2, 1, 3)))
    for zero, wanted in ((False, np.inf), (True, 0.0)):
        y = nn.CTCLoss(zero_infinity=zero)(fg.log_softmax(x), [[1, 1]], [2], [2])
        y.backward()
        assert float(y) == wanted and np.all(x.grad.numpy() == 0)


@pytest.mark.parametrize("zero", [False, True])
def test_nan_stays_nan(zero: bool) -> None:
    log_probs = np.full((3, 2, 3), np.log(1 / 3))
    log_probs[1, 0] = np.nan
    loss = nn.CTCLoss(reduction="none", zero_infinity=zero)
    y = loss(log_probs, [[1, 2], [2, 1]], [3, 3], [2, 2])
    assert np.isnan(y).tolist() == [True, False]
