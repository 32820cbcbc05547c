"""Canonical correlation: values by SVD, the closed-form gradient, equal correlations, rank."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.multimodal.analysis import correlations
from fusegrad.multimodal.objective import EY, Pairwise, SumOfCorrelations
from fusegrad.multimodal.objective import SumOfSquaredCorrelations as SumOfSquares
from tests.correlated_sample import (
    closed_form,
    drawn,
    gradients,
    largest,
    parts,
    with_correlations,
)

VALUE = 1e-10
GRADIENT = 1e-6
CLOSED_FORM = 1e-9  # the formula in float64, through eigenvalues of S
ARRAY = np.ndarray
RIDGE = 1e-4
FIGURES = [
    1.33,
    0.883,
    1.652,
    0.78,
]  # of one seeded set: sum of rho, |T|_F, elementwise, squares


@pytest.mark.parametrize("top", [None, 1, 2, 3])
@pytest.mark.parametrize(("rows", "ridge"), [(40, RIDGE), (40, 0.0), (40, 0.5), (4, 0.1)])
def test_values_and_gradients_are_those_of_the_svd(
    rows: int, ridge: float, top: int | None
) -> None:
    arrays = drawn(rows)
    rho = np.linalg.svd(parts(arrays, ridge)[-1], compute_uv=False)[:top]
    value, got = gradients(SumOfCorrelations(top, ridge=ridge), arrays)
    assert value == pytest.approx(-rho.sum(), abs=VALUE)
    want = closed_form(arrays, ridge, largest(top, np.ones_like))
    assert all(np.allclose(g, w, rtol=0, atol=CLOSED_FORM) for g, w in zip(got, want))
    value, got = gradients(SumOfSquares(top, ridge=ridge), arrays)
    assert value == pytest.approx(-(rho**2).sum(), abs=VALUE)
    want = closed_form(arrays, ridge, largest(top, lambda D: 2 * D))
    assert all(np.allclose(g, w, rtol=0, atol=CLOSED_FORM) for g, w in zip(got, want))


@pytest.mark.parametrize("gap", [0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3])
def test_equal_and_near_equal_correlations(gap: float) -> None:
    arrays = with_correlations([0.6 + gap, 0.6, 0.6 - gap])
    rho = np.linalg.svd(parts(arrays, 0.0)[-1], compute_uv=False)
    assert rho == pytest.approx([0.6 + gap, 0.6, 0.6 - gap], abs=1e-12)
    for loss, slope in ((SumOfCorrelations, np.ones_like), (SumOfSquares, lambda D: 2 * D)):
        got = gradients(loss(ridge=0.0), arrays)[1]
        want = closed_form(arrays, 0.0, largest(None, slope))
        assert all(np.allclose(g, w, rtol=0, atol=CLOSED_FORM) for g, w in zip(got, want))
        made = loss(ridge=RIDGE)
        found = fg.gradcheck(
            lambda a, b, made=made: made({"a": a, "b": b}), *arrays.values(), tolerance=GRADIENT
        )
        assert found.error <= GRADIENT


@pytest.mark.parametrize("rho", [[0.9, 0.5, 0.2], [0.6, 0.6, 0.6]])
def test_second_derivatives(rho: list[float]) -> None:
    arrays = with_correlations(rho, rows=8)
    for loss in (SumOfCorrelations(), SumOfSquares(), EY()):
        found = fg.gradgradcheck(
            lambda a, b, loss=loss: loss({"a": a, "b": b}),
            *arrays.values(),
            tolerance=GRADIENT,
        )
        assert found.error <= GRADIENT


def deficient(kind: int, rng: np.random.Generator) -> dict[str, ARRAY]:
    """Batches without full rank, in many ways."""
    rows, d = (5, 8) if kind % 2 else (20, 6)
    a, b = rng.standard_normal((2, rows, d)) * 10.0 ** rng.integers(-3, 4)
    ways = [
        lambda: (np.repeat(a[:, :2], d // 2, axis=1), b),  # columns twice
        lambda: (a * 0, b),  # nothing
        lambda: (a, a),  # the same in both
        lambda: (a[:, :1] @ a[:1], b[:, :1] @ b[:1]),  # rank 1
        lambda: (np.maximum(a, 0) * (np.arange(d) > 2), np.maximum(b, 0)),  # dead units
        lambda: (np.repeat(a[:1], rows, axis=0), b),  # one sample, many times
        lambda: (a + 1e3, -a),  # opposite, far from 0
    ]
    found = ways[kind // 2 % len(ways)]()
    return {n: x.astype(np.float32) for n, x in zip("ab", found)}


def test_no_nan_in_a_thousand_batches_without_full_rank() -> None:
    rng, broken = np.random.default_rng(6), 0
    losses = [SumOfCorrelations(), SumOfSquares(), SumOfCorrelations(2), SumOfSquares(2), EY()]
    for step in range(1000):
        value, grads = gradients(losses[step % 5], deficient(step, rng))
        broken += not (np.isfinite(value) and all(np.isfinite(g).all() for g in grads))
    assert broken == 0


def published(arrays: dict[str, ARRAY]) -> dict[str, float]:
    """What programs have called the correlation of CCA: the formulas, on one T."""
    T = parts(arrays, RIDGE)[-1]
    rho = np.linalg.svd(T, compute_uv=False)
    return {
        "sum of rho": rho.sum(),
        "Frobenius": np.sqrt(np.trace(T.T @ T)),
        "trace of elementwise roots": np.sqrt(np.diag(T.T @ T)).sum(),
        "sum of squares": (rho**2).sum(),
    }


def test_four_formulas_of_one_name_are_four_numbers() -> None:
    arrays = drawn(60, (4, 4), seed=2)
    found = published(arrays)
    assert len({round(v, 3) for v in found.values()}) == 4
    assert -float(SumOfCorrelations()(arrays)) == pytest.approx(found["sum of rho"], abs=VALUE)
    assert -float(SumOfSquares()(arrays)) == pytest.approx(found["sum of squares"], abs=VALUE)
    assert found["Frobenius"] ** 2 == pytest.approx(found["sum of squares"])
    assert [round(float(v), 3) for v in found.values()] == FIGURES
    gram = np.array([[1.0, -0.5], [-0.5, 1.0]])  # of T^T T; its elementwise root is no number
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.sqrt(gram)).any()


def test_top_takes_the_largest() -> None:
    arrays = with_correlations([0.9, 0.4, 0.1])
    assert float(SumOfCorrelations(1, ridge=0.0)(arrays)) == pytest.approx(-0.9, abs=VALUE)
    assert float(SumOfSquares(2, ridge=0.0)(arrays)) == pytest.approx(-0.97, abs=VALUE)


def test_without_ridge_they_are_the_correlations_of_the_report() -> None:
    arrays = drawn()
    rho = correlations(arrays["a"], arrays["b"])
    assert float(SumOfCorrelations(ridge=0.0)(arrays)) == pytest.approx(-rho.sum(), abs=VALUE)
    moved = {
        n: 3.0 * x @ np.diag(np.arange(1.0, x.shape[1] + 1)) - 7 for n, x in arrays.items()
    }
    assert float(SumOfCorrelations(ridge=0.0)(moved)) == pytest.approx(-rho.sum(), abs=1e-9)


def test_where_nothing_varies_no_gradient_passes() -> None:
    arrays = {**drawn(widths=(3, 3)), "b": np.ones((40, 3))}
    for loss in (SumOfCorrelations(), SumOfSquares()):
        value, grads = gradients(loss, arrays)
        assert value == 0.0 and not any(g.any() for g in grads)


def test_ey_is_least_at_canonical_variables() -> None:
    arrays = drawn(50, (6, 4))
    H1, H2, R1, R2, T = parts(arrays, 0.0)
    U, D, Vt = np.linalg.svd(T, full_matrices=False)
    best = {
        "a": H1 @ R1 @ U[:, :2] * np.sqrt(D[:2]),
        "b": H2 @ R2 @ Vt[:2].T * np.sqrt(D[:2]),
    }
    value, grads = gradients(EY(), best)
    assert value == pytest.approx(-(D[:2] ** 2).sum(), abs=VALUE)
    maps = {"a": H1, "b": H2}  # no linear map of the inputs is better
    for n, g in zip("ab", grads):
        assert np.abs(maps[n].T @ g).max() < CLOSED_FORM
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = {n: H @ rng.standard_normal((H.shape[1], 2)) * 0.3 for n, H in maps.items()}
        assert float(EY()(other)) > value


def test_ey_splits_by_the_closed_form() -> None:
    arrays = drawn(20, (3, 3))
    H1, H2 = (x - x.mean(axis=0) for x in arrays.values())
    V = (H1.T @ H1 + H2.T @ H2) / 38
    value, grads = gradients(EY(), arrays)
    assert value == pytest.approx(-2 * np.trace(H1.T @ H2) / 19 + np.trace(V @ V), abs=VALUE)
    for g, own, other in zip(grads, (H1, H2), (H2, H1)):
        assert np.allclose(g, (-2 * other + 2 * own @ V) / 19, rtol=0, atol=CLOSED_FORM)


def every() -> Iterator[Pairwise]:
    yield from (SumOfCorrelations(), SumOfSquares(), EY())


def test_pairs_rows_and_dtypes() -> None:
    rng = np.random.default_rng(9)
    arrays = {n: rng.standard_normal((12, 3)) for n in "abc"}
    here = np.arange(12) > 3
    for loss in every():
        pairs = [loss({m: arrays[m], n: arrays[n]}) for m, n in ("ab", "ac", "bc")]
        assert float(loss(arrays)) == pytest.approx(np.mean([float(p) for p in pairs]))
        two = {n: arrays[n] for n in "ab"}
        assert float(loss(two, {"a": here})) == float(
            loss({n: x[here] for n, x in two.items()})
        )
        assert float(loss({n: x[:1] for n, x in two.items()})) == 0.0  # one row: no variance
        assert loss({n: x.astype(np.float32) for n, x in two.items()}).dtype == np.float32
    assert repr(SumOfCorrelations(2)) == "SumOfCorrelations(top=2, ridge=0.0001)"


REFUSED = [
    (lambda: SumOfCorrelations(ridge=-1.0), "SumOfCorrelations: expected ridge >= 0"),
    (lambda: SumOfSquares(0), "top of 1 or more, got 0"),
    (lambda: SumOfCorrelations(1.5), "top of 1 or more, got 1.5"),
    (lambda: SumOfCorrelations(4)(drawn()), "top in [1, 3], got 4"),
    (lambda: SumOfSquares(4)(drawn()), "SumOfSquaredCorrelations: expected top in [1, 3]"),
    (
        lambda: SumOfCorrelations(ridge=0.0)(drawn(4)),
        "ridge=0 with dependent columns in 4 rows",
    ),
    (
        lambda: SumOfSquares(ridge=0.0)({n: np.ones((9, 2)) for n in "ab"}),
        "independent columns, got ridge=0",
    ),
    (lambda: EY()(drawn()), "EY: expected features of one width, got (40, 5) and (40, 3)"),
]


@pytest.mark.parametrize(("act", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_refusals_say_what_was_expected(act: object, words: str) -> None:
    with pytest.raises(fg.kernels.FusegradError) as caught:
        act()
    assert words in str(caught.value)
