"""Fusions by products: values and splits against plain NumPy, and against each other."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad.engine import Tensor, gradcheck
from tests.fusion_sample import WIDTHS, Split, features, rng, same, settled, weights

GOLDEN = 1e-6  # the golden vectors show six decimals
TOLERANCE = 1e-6  # of central differences
FOUR = {**WIDTHS, "d": 3}
COUNTS = [1, 2, 3, 4]


def some(count: int) -> dict[str, int]:
    return dict(list(FOUR.items())[:count])


def with_one(f: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((len(f), 1)), f], axis=1)


def outer(parts: list[np.ndarray]) -> np.ndarray:
    """The outer product of rows, flattened."""
    return np.stack([reduce(np.multiply.outer, rows).ravel() for rows in zip(*parts)])


# ---- the outer product ----------------------------------------------------------------------
def test_the_outer_product_splits_the_error_as_worked_by_hand() -> None:
    x = {"a": [[1.0, 2.0]], "b": [[3.0, -1.0]]}
    inputs = {name: Tensor(f, requires_grad=True) for name, f in x.items()}
    fused = mm.TensorFusion({"a": 2, "b": 2})(inputs)
    assert np.array_equal(fused.numpy(), [[1, 3, -1, 1, 3, -1, 2, 6, -2]])
    head = 0.1 * 0.1 * np.arange(1, 10)[:, None] * np.array([1.0, -0.5])
    loss = fg.cross_entropy(fused @ head, [0])
    loss.backward()
    assert abs(float(loss) - 0.336841) <= GOLDEN
    g = [f.grad.numpy() for f in inputs.values()]
    assert np.allclose(g[0], [[-0.055766, -0.094373]], rtol=0, atol=GOLDEN)
    assert np.allclose(g[1], [[-0.098662, -0.115821]], rtol=0, atol=GOLDEN)
    share = np.linalg.norm(g[0]) / sum(map(np.linalg.norm, g))
    assert abs(share - 0.4188) <= 1e-4


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("project", [None, 2])
def test_the_outer_product_of_any_number(count: int, project: int | None) -> None:
    x = features(some(count))
    fusion = settled(mm.TensorFusion(some(count), project, rng=rng()))
    parts = [with_one(f @ w.T) for f, w in zip(x.values(), weights(fusion).values())]
    parts = parts if project else [with_one(f) for f in x.values()]
    split = Split(fusion, x)
    assert same(split.F, outer(parts)) and split.F.shape[1] == fusion.width
    if count == 1 and project is None:
        assert same(split.F, with_one(x["a"]))
    names = list(x)
    found = gradcheck(lambda *f: fusion(dict(zip(names, f))), *x.values(), tolerance=TOLERANCE)
    assert found.error <= TOLERANCE


# ---- low rank -------------------------------------------------------------------------------
@pytest.mark.parametrize("count", COUNTS)
def test_low_rank_is_a_linear_layer_on_the_outer_product(count: int) -> None:
    widths, x = some(count), features(some(count))
    fusion = settled(mm.LowRank(widths, 5, rank=3, rng=rng()))
    x[list(x)[-1]][0] = 0  # where dividing by a product's factor would fail
    U, w = [p.numpy() for p in fusion.factors.values()], fusion.weight.numpy()
    W = np.zeros((np.prod([d + 1 for d in widths.values()]), 5))
    for r, o in np.ndindex(3, 5):
        W[:, o] += w[r] * reduce(np.multiply.outer, [u[r, :, o] for u in U]).ravel()
    split = Split(fusion, x)
    inputs = {n: Tensor(f, requires_grad=True) for n, f in x.items()}
    whole = mm.TensorFusion(widths)(inputs) @ W + fusion.bias.numpy()
    (whole * split.delta).sum().backward()
    assert same(split.F, whole.numpy())
    assert all(same(split.g[n], f.grad.numpy()) for n, f in inputs.items())


def test_the_published_sizes_of_tensor_and_low_rank_fusion() -> None:
    widths = {"audio": 32, "video": 32, "text": 64}
    inputs = mm.TensorFusion(widths).width
    assert inputs == 70_785 and inputs * 160 + 160 == 11_325_760
    low = mm.LowRank(widths, 160, rank=4, rng=rng())
    assert low.count_parameters() == 84_004
    assert sum(p.size for p in low.factors.values()) == 4 * 131 * 160
    names = {name for name, _ in low.named_parameters()}
    assert names == {"factors.audio", "factors.video", "factors.text", "weight", "bias"}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("rank", [1, 8])
def test_low_rank_begins_with_variance_1_for_any_number(count: int, rank: int) -> None:
    widths = dict.fromkeys("abcd"[:count], 32)
    fusion = mm.LowRank(widths, 256, rank=rank, rng=rng()).to(np.float64)
    std = fusion(features(widths, rows=256)).numpy().std()
    assert 0.7 < std < 1.4


# ---- multiplicative interactions ------------------------------------------------------------
def linear_terms(fusion: Any, x: dict[str, np.ndarray]) -> np.ndarray:
    return sum(f @ fusion.linears[n].numpy() for n, f in x.items()) + fusion.bias.numpy()


def test_multiplicative_adds_up_all_pairs() -> None:
    fusion, x = settled(mm.Multiplicative(WIDTHS, 5, rng=rng())), features()
    want = linear_terms(fusion, x)
    W = {name: p.numpy() for name, p in fusion.pairs.items()}
    assert list(W) == ["a b", "a c", "b c"]
    for m, n in (name.split() for name in W):
        want = want + np.einsum("bi,ioj,bj->bo", x[m], W[f"{m} {n}"], x[n])
    split = Split(fusion, x)
    assert same(split.F, want)
    back = split.delta @ fusion.linears["a"].numpy().T
    for n in "bc":
        back = back + np.einsum("bo,ioj,bj->bi", split.delta, W[f"a {n}"], x[n])
    assert same(split.g["a"], back)


def test_each_form_is_a_case_of_the_one_before() -> None:
    forms = {f: settled(mm.Multiplicative(WIDTHS, 5, f, rng=rng())) for f in mm_forms()}
    matrix, vector, scalar = forms.values()
    for m, n in (name.split() for name in matrix.pairs):
        a = scalar.pairs[f"{m} {n}"].numpy()
        vector.pairs[f"{m} {n}"].assign_(np.repeat(a, 5, axis=1))
        U = scalar.linears[n].numpy()
        matrix.pairs[f"{m} {n}"].assign_(np.einsum("iz,jo->ioj", a, U))
    for fusion in (matrix, vector):
        fusion.bias.assign_(scalar.bias.numpy())
        for n in WIDTHS:
            fusion.linears[n].assign_(scalar.linears[n].numpy())
    want = Split(scalar, features())
    for fusion in (matrix, vector):
        got = Split(fusion, features())
        assert same(got.F, want.F) and all(same(got.g[n], want.g[n]) for n in WIDTHS)
    assert want.F.std() > 0 and not same(want.F, linear_terms(scalar, features()))


def mm_forms() -> tuple[str, ...]:
    return ("matrix", "vector", "scalar")


# ---- what a branch of zeros, or a missing one, does to the others ---------------------------
STOPS = ["mlb", "mutan", "tucker", "mcb", "block"]
LIVES = ["tensor", "low-rank", "multiplicative"]


@pytest.mark.parametrize("name", [*STOPS, *LIVES])
def test_a_branch_of_zeros_stops_the_others_unless_there_is_a_way_past_it(name: str) -> None:
    fusion, x = settled(mm.FUSIONS[name].make(WIDTHS, 6, rng())), features()
    zeros = {**x, "b": np.zeros((4, 4))}
    others = [Split(fusion, zeros).g[n] for n in "ac"]
    masked = [Split(fusion, x, {"b": np.zeros(4, bool)}).g[n] for n in "ac"]
    for g, with_mask in zip(others, masked, strict=True):
        assert np.all(g == 0) if name in STOPS else np.abs(g).min() > 0
        assert np.abs(with_mask).min() > 0
