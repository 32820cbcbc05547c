"""Pearson, Spearman and canonical correlations, each beside what permuted pairs give."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.multimodal.analysis import (
    Correlations,
    correlations,
    modality_correlation,
    null_correlation,
    pearson,
    ranks,
    spearman,
)

EXACT = 1e-12
ARRAY = np.ndarray
TIED = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 3.0])
# Independent noise, rows and columns, and the mean canonical correlation it has.
NULLS = [(100, 50, 0.639), (800, 50, 0.214), (800, 10, 0.093)]


def drawn(*shape: int, seed: int = 0) -> tuple[ARRAY, ARRAY]:
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(shape)
    return a, 0.6 * a + rng.standard_normal(shape)


def test_pearson_is_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = drawn(30, 4)
    want = [stats.pearsonr(a[:, k], b[:, k]).statistic for k in range(4)]
    assert np.allclose(pearson(a, b).numpy(), want, rtol=0, atol=EXACT)
    assert float(pearson(a[:, 0], b[:, 0])) == pytest.approx(want[0], abs=EXACT)


def test_spearman_is_scipys_with_ties_too() -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = (np.round(x, 0) for x in drawn(40, 3))
    assert np.array_equal(ranks(a), stats.rankdata(a, axis=0))
    want = [stats.spearmanr(a[:, k], b[:, k]).statistic for k in range(3)]
    assert np.allclose(spearman(a, b), want, rtol=0, atol=EXACT)


def test_ties_share_the_mean_of_their_places() -> None:
    assert ranks(TIED).tolist() == [5.0, 1.5, 5.0, 3.0, 1.5, 5.0]
    assert spearman(TIED, np.exp(TIED)) == pytest.approx(1.0)  # any rising map
    assert isinstance(spearman(fg.Tensor(TIED, requires_grad=True), TIED), ARRAY)


def test_pearson_splits_by_the_closed_form() -> None:
    a, b = drawn(12)
    x, y = (fg.Tensor(z, requires_grad=True) for z in (a, b))
    r = pearson(x, y)
    r.backward()
    A, B = a - a.mean(), b - b.mean()
    size, other = np.linalg.norm(A), np.linalg.norm(B)
    u, v = A / size, B / other
    assert np.allclose(x.grad.numpy(), (v - float(r) * u) / size, rtol=0, atol=EXACT)
    assert np.allclose(y.grad.numpy(), (u - float(r) * v) / other, rtol=0, atol=EXACT)
    assert fg.gradgradcheck(pearson, a, b).error < 1e-7


def test_a_column_that_does_not_vary() -> None:
    a, b = fg.Tensor(np.ones(5), requires_grad=True), np.arange(5.0)
    r = pearson(a, b)
    r.backward()
    assert float(r) == 0.0 and not a.grad.numpy().any()
    smooth = fg.Tensor(np.ones(5), requires_grad=True)
    pearson(smooth, b, eps=0.1).backward()
    assert np.isfinite(smooth.grad.numpy()).all() and smooth.grad.numpy().any()


def test_a_correlation_stands_beside_its_null() -> None:
    a, b = drawn(80)
    for kind, figure in (("pearson", pearson), ("spearman", spearman)):
        found = modality_correlation(a, b, kind, 500, rng=np.random.default_rng(1))
        assert found.value == pytest.approx(float(figure(a, b)))
        assert abs(found.null.mean) < 0.03 and found.null.sd == pytest.approx(
            79**-0.5, abs=0.02
        )
        assert found.p == 1 / 501 and found.null.draws == 500
        form = kind + r" 0\.\d\d \(permuted pairs: -?0\.0\d \+- 0\.1\d; p 0\.002\)"
        assert re.fullmatch(form, repr(found))


def test_p_is_that_of_scipy_where_there_is_nothing() -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = np.random.default_rng(4).standard_normal((2, 25))
    p = modality_correlation(a, b, draws=4000, rng=np.random.default_rng(1)).p
    assert p == pytest.approx(stats.pearsonr(a, b).pvalue, abs=0.03)


def test_p_of_a_few_rows_counts_pairings_that_are_as_good() -> None:
    x = np.array([1.0, 2.0, 3.0])  # 1 of 6 orders gives r = 1, and 1 gives -1
    p = modality_correlation(x, x, draws=3000, rng=np.random.default_rng(0)).p
    assert p == pytest.approx(1 / 3, abs=0.03)


def test_features_of_many_columns_have_the_mean_size_of_all_pairs() -> None:
    (a, b), rng = drawn(40, 3), np.random.default_rng(0)
    table = np.corrcoef(a.T, b[:, :2].T)[:3, 3:]
    found = modality_correlation(a, b[:, :2], draws=100, rng=rng)
    assert found.value == pytest.approx(np.abs(table).mean())
    assert found.null.mean == pytest.approx(np.sqrt(2 / (np.pi * 40)), abs=0.03)


def test_reports_repeat_by_their_generator_and_take_tensors() -> None:
    a, b = drawn(20, 3)
    first, second = (
        modality_correlation(x, y, draws=10, rng=np.random.default_rng(3))
        for x, y in ((a, b), (fg.Tensor(a), fg.Tensor(b)))
    )
    assert first == second


@pytest.mark.parametrize(("rows", "columns", "expected"), NULLS)
def test_noise_has_the_canonical_correlation_it_is_known_for(
    rows: int, columns: int, expected: float
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, rows, columns))
    found = Correlations.of(a, b, 5, rng=rng)
    assert found.null.mean == pytest.approx(expected, abs=0.008)
    assert abs(found.mean - found.null.mean) < 5 * found.null.sd


def test_canonical_correlations_beside_those_of_permuted_pairs() -> None:
    a, b = drawn(100, 50)
    found = Correlations.of(a, b, rng=np.random.default_rng(1))
    assert re.fullmatch(r"0\.[78]\d \(permuted pairs: 0\.64 \+- 0\.01\)", repr(found))
    assert np.all(np.diff(found.values) <= 0) and found.values.shape == (50,)


def test_canonical_correlations_are_sklearns() -> None:
    cross = pytest.importorskip("sklearn.cross_decomposition")
    a, b = drawn(200, 3)
    model = cross.CCA(3, max_iter=5000, tol=1e-12).fit(a, b)
    scores = model.transform(a, b)
    want = sorted((np.corrcoef(u, v)[0, 1] for u, v in zip(*(s.T for s in scores))))[::-1]
    assert np.allclose(correlations(a, b), want, atol=1e-6)


def test_rank_is_what_counts() -> None:
    a, b = drawn(30, 4)
    doubled = np.concatenate([a, a[:, :2]], axis=1)
    assert np.allclose(correlations(doubled, b), correlations(a, b), atol=1e-10)
    assert correlations(np.full((9, 2), 7.3), b[:9]).shape == (0,)
    assert np.allclose(correlations(a, a @ np.diag([1, 5, 9, 0.1]) + 3), 1.0, atol=1e-10)
    one = correlations(a[:, 0], b[:, 0])
    assert one == pytest.approx([abs(float(pearson(a[:, 0], b[:, 0])))])


def test_nothing_that_varies_is_zero_beside_zero() -> None:
    found = Correlations.of(np.zeros((9, 2)), drawn(9, 2)[0], rng=np.random.default_rng(0))
    assert repr(found) == "0.00 (permuted pairs: 0.00 +- 0.00)"


RNG = np.random.default_rng(0)
A, B = drawn(9, 2)
REFUSED = [
    (lambda: pearson(A, B[:5]), "pearson: expected two of shape (N,) or (N, d), got (9, 2)"),
    (lambda: spearman(A, B[:, :1]), "pearson: expected two of shape"),
    (lambda: pearson(A, B, eps=-1.0), "pearson: expected eps >= 0"),
    (lambda: modality_correlation(A, B, "kendall", rng=RNG), "kind in pearson, spearman"),
    (lambda: modality_correlation(A, B, draws=1, rng=RNG), "2 draws or more, got draws=1"),
    (lambda: modality_correlation(A, B[:5], rng=RNG), "N >= 3, got (9, 2) and (5, 2)"),
    (lambda: modality_correlation(A, B[:, 0], rng=RNG), "N >= 3, got (9, 2) and (9,)"),
    (lambda: modality_correlation(A[:2], B[:2], rng=RNG), "N >= 3, got (2, 2)"),
    (lambda: modality_correlation(A * np.nan, B, rng=RNG), "finite numbers, got nan or inf"),
    (lambda: correlations(A, B * np.inf), "correlations: expected finite numbers"),
    (lambda: correlations(A, B[:5]), "correlations: expected (N,) twice"),
    (lambda: null_correlation(A, B, 1, rng=RNG), "permuted pairs: expected 2 draws or more"),
]


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(("act", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_refusals_say_what_was_expected(act: object, words: str) -> None:
    with pytest.raises(fg.kernels.FusegradError) as caught:
        act()
    assert words in str(caught.value)
