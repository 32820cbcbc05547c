"""Matrices that are singular, degenerate or empty, and what the parts are called.

The ops themselves are held against 50 digits, differences and PyTorch in `cases/linalg.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.ops.decompositions import QR, cholesky, qr
from fusegrad.engine.ops.linalg import det, inv, slogdet, solve
from fusegrad.engine.ops.spectral import eigh, eigvalsh, svd, svdvals
from fusegrad.kernels import OptionError
from tests import ops_sample as sample
from tests.cases.linalg_exact import cofactors
from tests.cases.operation import numbers
from tests.ops_sample import error, leaf

EPS = float(np.finfo(np.float64).eps)

# ---- determinants of singular matrices ------------------------------------------------------
MATRICES: dict[str, Any] = {
    "rank 2": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [5.0, 7.0, 9.0]],
    "rank 1": np.outer([1.0, -2.0, 3.0], [0.5, 1.0, 2.0]),
    "zero": np.zeros((3, 3)),
    "small": [[1.0, 2.0], [2.0, 4.0]],
    "a zero": [[0.0]],
    "a negative determinant": [[0.0, 2.0, 1.0], [1.0, 0.0, 3.0], [0.0, 1.0, 1.0]],
    "an exchange": [[0.0, 1.0], [1.0, 0.0]],
}


@pytest.mark.parametrize("which", MATRICES)
def test_the_gradient_of_det_is_right_whether_there_is_an_inverse_or_none(which: str) -> None:
    x = np.array(MATRICES[which])
    wanted = cofactors(sample.exact(x)).astype(np.float64)
    size = max(1.0, float(np.linalg.norm(x)) ** (len(x) - 1))
    assert abs(fg.grad(det)(x).numpy() - wanted).max() <= 16 * EPS * size
    t = np.ones(x.shape)
    slope = fg.jvp(det, (x,), (t,))[1].item()
    assert abs(slope - wanted.sum()) <= 16 * EPS * size * x.size


def test_what_has_no_derivative_at_a_singular_matrix_says_so() -> None:
    x = np.zeros((2, 2))
    with pytest.raises(OptionError, match=r"^solve: expected an invertible matrix"):
        fg.hessian(det)(x)
    sign, size = slogdet(leaf(x))
    assert (sign.item(), size.item()) == (0.0, -np.inf)
    with pytest.raises(OptionError, match=r"^inv: expected an invertible matrix"):
        size.backward()


def test_slogdet_neither_overflows_nor_loses_the_sign() -> None:
    x = np.diag([-1e200, 1e200, 1e200])
    sign, size = slogdet(x)
    assert sign == -1 and size == pytest.approx(3 * np.log(1e200), rel=4 * EPS)
    assert np.isinf(det(x))


# ---- values that tie, or nearly -------------------------------------------------------------
def rotation(n: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]


def with_values(values: Sequence[float], m: int, n: int) -> np.ndarray:
    """A matrix with given singular values."""
    k = len(values)
    return (rotation(m, 1)[:, :k] * values) @ rotation(n, 2)[:, :k].T


def polar(x: Any) -> Any:
    U, _, Vh = svd(x)
    return fg.matmul(U, Vh)


def gram(x: Any) -> Any:
    """x x^T, by way of the singular values."""
    U, S, _ = svd(x)
    return (U * S**2) @ U.mT


FORMS = pytest.mark.parametrize(("m", "n"), [(3, 3), (4, 3), (3, 4)])


@FORMS
@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-10])
def test_close_singular_values_cost_digits_in_proportion_to_their_gap(
    m: int, n: int, gap: float
) -> None:
    x, weights = with_values([1 + gap, 1.0, 0.5], m, n), rotation(m, 3)
    got = fg.grad(lambda x: (gram(x) * weights).sum())(x)
    assert error(got, (weights + weights.T) @ x) <= 64 * EPS / gap


def difference(f: Callable[..., Any], x: np.ndarray, t: np.ndarray) -> np.ndarray:
    h = 1e-4
    ahead, behind = ((f(x + k * h * t) - f(x - k * h * t)) / (2 * k * h) for k in (1, 2))
    return (4 * ahead - behind) / 3


def numpys_polar(x: np.ndarray) -> np.ndarray:
    U, _, Vh = np.linalg.svd(x, full_matrices=False)
    return U @ Vh


TIES = [((1.0, 1.0, 1.0), 1.0), ((2.0, 2.0, 0.5), 1.0), ((1.0 + 1e-10, 1.0, 0.5), 1e-10)]


@FORMS
@pytest.mark.parametrize(("values", "gap"), TIES)
def test_the_sum_of_singular_values_does_not_mind_ties(
    m: int, n: int, values: Any, gap: float
) -> None:
    x, t = with_values(values, m, n), np.random.default_rng(4).standard_normal((m, n))

    def total(x: Any) -> Any:
        return svdvals(x).sum()

    assert error(fg.grad(total)(x), numpys_polar(x)) <= 16 * EPS
    wanted = difference(numpys_polar, x, t)  # the Hessian of the sum, hence symmetric
    for slope in (
        fg.hvp(total, x, t),
        fg.jvp(polar, (x,), (t,))[1],
        fg.vjp(polar, x)[1](t)[0],
    ):
        assert error(slope, wanted) <= 1e-8 + 256 * EPS / gap


def test_eigenvalues_that_tie_share_a_symmetric_function() -> None:
    turn = rotation(3, 5)
    for values in ([2.0, 2.0, 2.0], [1.0, 1.0, 3.0], [1.0, 1.0 + 1e-10, 3.0]):
        x = (turn * values) @ turn.T
        got = fg.grad(lambda x: fg.exp(eigvalsh(x)).sum())((x + x.T) / 2)
        assert error(got, (turn * np.exp(values)) @ turn.T) <= 64 * EPS


def test_nothing_is_divided_by_a_value_of_zero() -> None:
    x = np.diag([1.0, 0.0, 0.0])[:, :2]
    gradient = fg.grad(lambda x: svdvals(x)[0])(x).numpy()
    assert error(gradient, x) <= 4 * EPS
    assert np.isfinite(fg.hessian(lambda x: svdvals(x).sum())(x).numpy()).all()


# ---- triangles, names, nothing at all -------------------------------------------------------
@pytest.mark.parametrize("f", [cholesky, eigvalsh, lambda x: eigh(x).eigenvectors])
def test_the_lower_triangle_is_read_and_both_get_the_gradient(f: Callable[..., Any]) -> None:
    x = np.array([[2.0, 0.5], [0.5, 3.0]])
    other = x + np.triu(np.ones((2, 2)), 1)
    assert np.array_equal(f(x), f(other))
    weights = np.arange(float(np.size(f(x)))).reshape(np.shape(f(x)))
    gradient = fg.grad(lambda x: (f(x) * weights).sum())(other).numpy()
    assert gradient[0, 1] == pytest.approx(gradient[1, 0], abs=EPS) and gradient[0, 1] != 0
    lower, upper = np.array([[0, 0], [1.0, 0]]), np.array([[0, 1.0], [0, 0]])
    slopes = [fg.jvp(f, (x,), (t,))[1].numpy() for t in (lower, upper)]
    assert np.array_equal(*slopes)


def test_qr_has_lapacks_signs_in_every_form() -> None:
    for shape in [(4, 3), (3, 4), (3, 3), (2, 1, 3, 4)]:
        x = numbers((shape,))[0]
        for ours, numpys in zip(qr(x), np.linalg.qr(x), strict=True):
            assert error(ours, numpys) <= 16 * EPS


def test_parts_have_names_and_keep_them_in_a_tree() -> None:
    x = np.eye(2) * 2
    value, slope = fg.jvp(qr, (x,), (x,))
    assert type(value) is type(slope) is QR and error(slope.R, value.R) <= EPS
    assert svd(x).S.tolist() == [2.0, 2.0] and slogdet(x).sign == 1
    assert isinstance(eigh(Tensor(x)).eigenvalues, Tensor) and isinstance(inv(x), np.ndarray)
    assert solve([[2.0]], [4]).tolist() == [2.0] and det([[2, 0], [0, 3]]) == 6.0


NOTHING: list[tuple[Callable[..., Any], tuple[int, ...], tuple[int, ...]]] = [
    *((f, (0, 2, 2), (0, 2, 2)) for f in (inv, cholesky, lambda x: eigh(x).eigenvectors)),
    *((f, (0, 2, 2), (0,)) for f in (det, lambda x: slogdet(x).sign)),
    *((f, (2, 0, 0), (2,)) for f in (det, lambda x: slogdet(x).logabsdet)),
    (lambda x: qr(x).R, (0, 3), (0, 3)),
    (lambda x: qr(x).Q, (3, 0), (3, 0)),
    (lambda x: svd(x).Vh, (0, 3), (0, 3)),
    (lambda x: svd(x).U, (2, 3, 0), (2, 3, 0)),
    (lambda x: svd(x).U, (0, 3, 2), (0, 3, 2)),
    (eigvalsh, (0, 0), (0,)),
]


@pytest.mark.parametrize(("f", "shape", "result"), NOTHING)
def test_nothing_comes_of_nothing(f: Any, shape: Any, result: Any) -> None:
    x = leaf(np.zeros(shape))
    y = f(x)
    assert y.shape == result
    y.sum().backward()
    assert x.grad.shape == shape
