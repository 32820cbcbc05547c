"""Sums and averages of features: values and splits against closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad.engine import Tensor
from tests.fusion_sample import WIDTHS, Split, features, rng, same, settled, softmax

EQUAL = {"a": 3, "b": 3, "c": 3}
WITHOUT_B = {"b": np.array([True, False, True, False])}
COUNTS = [1, 2, 3, 4]


@pytest.mark.parametrize("count", COUNTS)
def test_sum_gives_every_branch_the_very_same_error(count: int) -> None:
    widths = dict.fromkeys("abcd"[:count], 3)
    split = Split(mm.Sum(widths), features(widths))
    assert all(np.array_equal(g, split.delta) for g in split.g.values())


@pytest.mark.parametrize("count", COUNTS)
def test_concat_cuts_the_error_into_slices(count: int) -> None:
    widths = dict(itertools.islice({**WIDTHS, "d": 5}.items(), count))
    split = Split(mm.Concat(widths), features(widths))
    assert np.array_equal(np.concatenate(list(split.g.values()), axis=1), split.delta)
    assert same((split.delta**2).sum(), sum((g**2).sum() for g in split.g.values()))


def test_a_linear_head_on_concat_is_a_sum_of_unimodal_logits() -> None:
    labels, W, b = np.array([0, 1, 1, 0]), rng(1).standard_normal((9, 2)), np.array([0.3, -0.2])
    places = dict(zip(WIDTHS, np.split(np.arange(9), [3, 7]), strict=True))
    results = []
    for joined in (True, False):
        x = {name: Tensor(f, requires_grad=True) for name, f in features().items()}
        if joined:
            logits = mm.Concat(WIDTHS)(x) @ W + b
        else:
            alone = {name: f @ W[places[name]] + b / 3 for name, f in x.items()}
            logits = alone["a"] + alone["b"] + alone["c"]
        fg.cross_entropy(logits, labels).backward()
        results.append([logits.numpy(), *(f.grad.numpy() for f in x.values())])
    assert all(same(one, other) for one, other in zip(*results, strict=True))
    residual = (softmax(results[0][0]) - np.eye(2)[labels]) / 4
    for name, g in zip(WIDTHS, results[0][1:], strict=True):
        assert same(g, residual @ W[places[name]].T)


def test_weighted_sum_scales_the_error_by_the_weight() -> None:
    fusion, x = settled(mm.WeightedSum(EQUAL)), features(EQUAL)
    split, w = Split(fusion, x), fusion.weight.numpy()
    assert same(split.F, sum(w[m] * f for m, f in enumerate(x.values())))
    for m, name in enumerate(x):
        assert same(split.g[name], w[m] * split.delta)
        assert same(fusion.weight.grad.numpy()[m], (split.delta * x[name]).sum())
    first = mm.WeightedSum(EQUAL)
    assert np.array_equal(first.weight.numpy(), [1, 1, 1])
    assert same(first.to(np.float64)(x).numpy(), mm.Sum(EQUAL)(x).numpy())


def test_weighted_average_moves_weight_between_branches() -> None:
    fusion, x = settled(mm.WeightedAverage(EQUAL)), features(EQUAL)
    split, w = Split(fusion, x), softmax(fusion.weight.numpy())
    assert same(split.F, sum(w[m] * f for m, f in enumerate(x.values())))
    c = np.array([(split.delta * f).sum() for f in x.values()])
    found = fusion.weight.grad.numpy()
    assert same(found, w * (c - w @ c)) and abs(found.sum()) <= 1e-12
    for m, name in enumerate(x):
        assert same(split.g[name], w[m] * split.delta)


def test_averages_share_out_what_a_missing_modality_leaves() -> None:
    x = features(EQUAL)
    learned = settled(mm.WeightedAverage(EQUAL))
    fused = learned(x, WITHOUT_B).numpy()
    w = softmax(learned.weight.numpy()[[0, 2]])
    assert same(fused[1::2], (w[0] * x["a"] + w[1] * x["c"])[1::2])
    assert same(fused[::2], learned(x).numpy()[::2])
    mean = mm.WeightedAverage(EQUAL).to(np.float64)(x, WITHOUT_B).numpy()
    assert same(mean[1::2], (x["a"] + x["c"])[1::2] / 2)
    nobody = learned(x, {name: np.zeros(4, bool) for name in x})
    assert not nobody.numpy().any()


def test_scored_average_weighs_each_sample_by_itself() -> None:
    fusion, x = settled(mm.ScoredAverage(EQUAL, rng=rng())), features(EQUAL)
    split, u = Split(fusion, x), np.concatenate(list(x.values()), axis=1)
    W, b = fusion.score.weight.numpy(), fusion.score.bias.numpy()
    w = softmax(u @ W.T + b)
    assert same(split.F, sum(w[:, [m]] * f for m, f in enumerate(x.values())))
    c = np.stack([(split.delta * f).sum(axis=1) for f in x.values()], axis=1)
    score_path = w * (c - (w * c).sum(axis=1, keepdims=True)) @ W
    for m, name in enumerate(x):
        value_path = w[:, [m]] * split.delta
        assert same(split.g[name], value_path + score_path[:, 3 * m : 3 * m + 3])
    masked = fusion.weights(*fusion.gathered(x, WITHOUT_B)).numpy()
    assert same(masked.sum(axis=1), np.ones(4)) and not masked[1::2, 1].any()
