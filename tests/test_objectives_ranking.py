"""Ranking and structure: loops over hinges in plain Python, and the count of what is open."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.multimodal.objective import Ranking, Structure

EXACT = 1e-12
ARRAY = np.ndarray
LABELS = np.array([0, 1, 0, 2, 1, 0])


def drawn(rows: int = 6, names: str = "ab") -> dict[str, ARRAY]:
    rng = np.random.default_rng(1)
    return {n: rng.standard_normal((rows, 4)) for n in names}


def tensors(arrays: dict[str, ARRAY]) -> dict[str, fg.Tensor]:
    return {n: fg.Tensor(x, requires_grad=True) for n, x in arrays.items()}


def units(x: ARRAY) -> ARRAY:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def through_length(g: ARRAY, x: ARRAY) -> ARRAY:
    u = units(x)
    along = (g * u).sum(axis=1, keepdims=True)
    return (g - along * u) / np.linalg.norm(x, axis=1, keepdims=True)


def ranked(S: ARRAY, margin: float, hardest: bool) -> tuple[float, ARRAY]:
    """The loss and dS, hinge by hinge."""
    n, total, dS = len(S), 0.0, np.zeros_like(S)
    for i, turned in product(range(n), (False, True)):
        places = [(j, i) if turned else (i, j) for j in range(n) if j != i]
        if hardest:
            places = [max(places, key=lambda at: S[at])]
        for at in places:
            hinge = margin - S[i, i] + S[at]
            if hinge > 0:
                total += hinge
                dS[at] += 1
                dS[i, i] -= 1
    return total, dS


@pytest.mark.parametrize("hardest", [False, True])
@pytest.mark.parametrize("margin", [0.0, 0.2, 0.9])
def test_ds_is_the_count_of_open_hinges(margin: float, hardest: bool) -> None:
    arrays = drawn()
    features = tensors(arrays)
    value = Ranking(margin, hardest=hardest, eps=0.0)(features)
    value.backward()
    a, b = units(arrays["a"]), units(arrays["b"])
    want, dS = ranked(a @ b.T, margin, hardest)
    assert float(value) == pytest.approx(want, rel=EXACT)
    assert dS.sum() == 0 and (np.diag(dS) <= 0).all() and dS.any() == (value.numpy() > 0)
    for n, g in {"a": dS @ b, "b": dS.T @ a}.items():
        got = features[n].grad.numpy()
        assert np.allclose(got, through_length(g, arrays[n]), rtol=0, atol=EXACT)


def test_what_is_ranked_right_by_the_margin_gets_exactly_nothing() -> None:
    arrays = {"a": np.eye(4), "b": np.eye(4)}  # S = I: every hinge is .2 - 1
    for hardest in (False, True):
        features = tensors(arrays)
        value = Ranking(hardest=hardest)(features)
        value.backward()
        assert float(value) == 0.0
        assert not any(features[n].grad.numpy().any() for n in "ab")


def test_one_row_has_no_negative() -> None:
    for loss in (Ranking(), Ranking(hardest=True)):
        assert float(loss(drawn(1))) == 0.0
    assert float(Structure()(drawn(1), [0])) == 0.0


def test_hardest_counts_one_negative_of_two_ties() -> None:
    a = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    features = tensors({"a": a, "b": a})
    Ranking(hardest=True, eps=0.0)(features).backward()
    assert all(np.isfinite(features[n].grad.numpy()).all() for n in "ab")
    value = Ranking(0.2, hardest=True)({"a": a, "b": a})
    assert float(value) == pytest.approx(4 * 0.2)  # rows 1 and 2 are each other's double


def structured(a: ARRAY, b: ARRAY, labels: ARRAY, margin: float, intra: float) -> float:
    """The formula, term by term."""
    n, total = len(a), 0.0
    for first, second in ((a, b), (b, a)):
        S, own = first @ second.T, first @ first.T
        for i, k in product(range(n), range(n)):
            if labels[i] != labels[k]:
                total += max(0.0, margin - S[i, i] + S[i, k])
                near = [j for j in range(n) if j != i and labels[j] == labels[i]]
                total += intra * sum(max(0.0, margin - own[i, j] + own[i, k]) for j in near)
    return total


@pytest.mark.parametrize("intra", [0.0, 0.1, 1.0])
def test_structure_is_its_formula(intra: float) -> None:
    arrays = drawn()
    a, b = units(arrays["a"]), units(arrays["b"])
    want = structured(a, b, LABELS, 0.2, intra)
    loss = Structure(0.2, intra, eps=0.0)
    for labels in (LABELS, LABELS.tolist(), fg.Tensor(LABELS)):
        assert float(loss(arrays, labels)) == pytest.approx(want, rel=EXACT)


def test_the_two_parts_of_structure_add_up_in_the_gradient() -> None:
    arrays = drawn()
    grads = {}
    for intra in (0.0, 1.0, 2.0):
        features = tensors(arrays)
        Structure(intra=intra)(features, LABELS).backward()
        grads[intra] = features["a"].grad.numpy()
    assert np.allclose(grads[2.0] - grads[1.0], grads[1.0] - grads[0.0], atol=EXACT)
    assert np.abs(grads[1.0] - grads[0.0]).max() > 0.1


def test_structure_without_classes_of_two_is_ranking() -> None:
    arrays = drawn()
    got = Structure()(arrays, np.arange(6))
    assert float(got) == pytest.approx(float(Ranking()(arrays)), rel=EXACT)
    assert float(Structure()(arrays, np.zeros(6, int))) == 0.0  # nobody to be further than


def test_structure_over_three_and_over_missing_rows() -> None:
    arrays, here = drawn(names="abc"), np.array([True, True, False, True, True, True])
    loss = Structure()
    pairs = [loss({m: arrays[m], n: arrays[n]}, LABELS) for m, n in ("ab", "ac", "bc")]
    assert float(loss(arrays, LABELS)) == pytest.approx(np.mean([float(p) for p in pairs]))
    two = {n: arrays[n] for n in "ab"}
    kept = loss({n: x[here] for n, x in two.items()}, LABELS[here])
    assert float(loss(two, LABELS, {"b": here})) == float(kept)


def test_single_precision_stays() -> None:
    arrays = {n: x.astype(np.float32) for n, x in drawn().items()}
    assert Ranking()(arrays).dtype == Structure()(arrays, LABELS).dtype == np.float32


def test_repr_says_the_settings() -> None:
    assert repr(Ranking(hardest=True)) == "Ranking(margin=0.2, hardest=True)"
    assert repr(Structure()) == "Structure(margin=0.2, intra=0.1)"


UNEQUAL = {"a": np.ones((2, 3)), "b": np.ones((2, 4))}
REFUSED = [
    (lambda: Ranking(-0.1), "Ranking: expected a margin of 0 or more, got -0.1"),
    (lambda: Ranking(eps=-1), "Ranking: expected eps >= 0, got eps=-1"),
    (lambda: Structure(-0.1), "Structure: expected a margin of 0 or more"),
    (lambda: Structure(intra=-1.0), "Structure: expected intra >= 0, got intra=-1.0"),
    (lambda: Ranking()(UNEQUAL), "features of one width, got (2, 3) and (2, 4)"),
    (lambda: Structure()(UNEQUAL, [0, 1]), "features of one width, got (2, 3) and (2, 4)"),
    (lambda: Structure()(drawn(), LABELS[:2]), "labels of shape (6,), got (2,)"),
    (lambda: Structure()(drawn(), LABELS * 1.0), "integer labels, got float64"),
]


@pytest.mark.parametrize(("act", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_refusals_say_what_was_expected(act: object, words: str) -> None:
    with pytest.raises(fg.kernels.FusegradError) as caught:
        act()
    assert words in str(caught.value)
