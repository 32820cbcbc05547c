"""Modality dropout draws from its law: independent, given that something is kept."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.multimodal.balance import ModalityDropout, modality_dropout
from tests.balance_sample import LABELS, inputs, made, network, taken

ROWS = 40_000
CHI2_999 = {1: 10.83, 2: 13.82, 6: 22.46}  # upper .001 quantiles, by degrees of freedom


def law(p: dict[str, float]) -> dict[tuple[bool, ...], float]:
    """P(r) = prod p^(1 - r) (1 - p)^r / (1 - prod p), but for r = 0."""
    found = {}
    for r in product([False, True], repeat=len(p)):
        weight = np.prod([1 - x if kept else x for kept, x in zip(r, p.values(), strict=True)])
        if any(r):
            found[r] = float(weight / (1 - np.prod(list(p.values()))))
    return found


def counts(masks: dict[str, Any], rows: Any = slice(None)) -> dict[tuple[bool, ...], int]:
    table = np.stack([np.asarray(m)[rows] for m in masks.values()], axis=1)
    keys, found = np.unique(table, axis=0, return_counts=True)
    return {tuple(map(bool, k)): int(n) for k, n in zip(keys, found, strict=True)}


def test_the_law_is_exact_over_a_grid_of_all_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """With p = 1/2 all thresholds (4/7, 2/3, 1/2) lie between cells of a grid of 42 a side."""
    side = (np.arange(42) + 0.5) / 42
    grid = np.stack([u.ravel() for u in np.meshgrid(side, side, side)])
    monkeypatch.setattr(modality_dropout.random, "uniform", lambda rng, shape: fg.Tensor(grid))
    drop = ModalityDropout(list("abc"), 0.5, rng=np.random.default_rng(0))
    found = counts(drop.masks(42**3))
    want = {r: round(p * 42**3) for r, p in law(dict.fromkeys("abc", 0.5)).items()}
    assert found == want and sum(want.values()) == 42**3


@pytest.mark.parametrize(
    "p", [{"a": 0.3, "b": 0.3}, {"a": 0.9, "b": 0.2, "c": 0.5}, {"a": 0.999, "b": 0.999}]
)
def test_draws_follow_the_law(p: dict[str, float]) -> None:
    drop = ModalityDropout(list(p), p, rng=np.random.default_rng(3))
    found, want = counts(drop.masks(ROWS)), law(p)
    assert set(found) <= set(want)
    expected = {r: ROWS * x for r, x in want.items()}
    chi2 = sum((found.get(r, 0) - e) ** 2 / e for r, e in expected.items())
    assert chi2 < CHI2_999[len(want) - 1]


def test_rows_that_lack_one_follow_the_law_of_the_others() -> None:
    there = {"b": np.arange(ROWS) % 2 == 0, "c": np.arange(ROWS) % 5 > 0}
    drop = ModalityDropout(list("abc"), 0.4, rng=np.random.default_rng(4))
    masks = drop.masks(ROWS, there)
    only = ~there["b"] & there["c"]  # a and c
    found = counts(masks, only)
    assert all(not r[1] for r in found)
    want = {(a, False, c): x * only.sum() for (a, c), x in law({"a": 0.4, "c": 0.4}).items()}
    chi2 = sum((found[r] - e) ** 2 / e for r, e in want.items())
    assert chi2 < CHI2_999[2]
    alone = ~there["b"] & ~there["c"]
    assert masks["a"][alone].all()  # the last one left is never dropped
    assert not masks["c"][~there["c"]].any()


def test_rows_of_nobody_stay_empty_and_tokens_keep_their_masks() -> None:
    nobody = np.array([True, False] * 50)
    tokens = np.tile([[True, True, False], [True, False, False]], (50, 1))
    tokens[~nobody] = False
    drop = ModalityDropout(["a", "b"], 0.5, rng=np.random.default_rng(5))
    masks = drop.masks(100, {"a": nobody, "b": tokens})
    assert not masks["a"][~nobody].any() and not masks["b"][~nobody].any()
    kept = masks["b"].any(axis=1)
    assert np.array_equal(masks["b"], tokens & kept[:, None])
    assert (masks["a"] | kept)[nobody].all() and 0 < kept.sum() < 50


def test_without_p_or_in_evaluation_nothing_is_dropped() -> None:
    drop = ModalityDropout(["a", "b"], 0.0, rng=np.random.default_rng(6))
    assert all(m.all() for m in drop.masks(9).values())
    drop = ModalityDropout(["a", "b"], 0.9, rng=np.random.default_rng(6)).eval()
    given = {"a": np.array([True, False])}
    assert drop.masks(2, given) == given and drop.masks(2) == {}
    assert repr(drop) == "ModalityDropout(a=0.9, b=0.9)" and isinstance(drop, nn.Module)


def test_a_dropped_modality_gets_a_gradient_of_exactly_0() -> None:
    drop = ModalityDropout(["a", "b"], 0.6, rng=np.random.default_rng(7))
    masks = drop.masks(6)
    assert not all(m.all() for m in masks.values())
    net = network("gate")
    x = {n: fg.Tensor(v, requires_grad=True) for n, v in inputs().items()}
    taken(made("joint"), net, x, LABELS, masks)
    for name, mask in masks.items():
        g = x[name].grad.numpy()
        assert not g[~mask].any() and g[mask].any(axis=1).all()
    assert isinstance(net, mm.FeatureFusionNet)
