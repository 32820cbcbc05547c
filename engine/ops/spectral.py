"""Singular values and eigenvalues, with their vectors.

A derivative of vectors divides by the gap between their values. Where rounding cannot tell two
values apart, their vectors are free to turn into each other, and that part of the derivative is
left out. This is right for what treats such values alike and forgets their vectors, as the sum
of the values does, and for U Vh; it is wrong for V diag(f(w)) V^T, which would need the limit
of (f(w_j) - f(w_i)) / (w_j - w_i). Close values are told apart by their own difference, not by
that of their squares; a relative gap of d still costs digits in proportion to 1 / d.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...kernels import linalg as kernel
from ..op import structural
from ..tape import apply
from .broadcast import sum_
from .decompositions import symmetrized
from .elementwise import absolute, add, divide, less_equal, multiply, subtract, where
from .linalg import matrices
from .linear import matmul
from .packing import pack, unpack
from .shaping import reshape, swap_last

Shape = tuple[int, ...]
# In units of the last place of all values together. Of equal values of random matrices, up to
# 200 to a side, LAPACK set none further apart than 4.3.
ROUNDING = 8.0


def _row(s: Any) -> Any:
    return reshape(s, (*s.shape[:-1], 1, s.shape[-1]))


def _column(s: Any) -> Any:
    return reshape(s, (*s.shape, 1))


def _inverse(d: Any, s: Any) -> Any:
    """1 / d, and 0 where d is no more than the rounding of values s."""
    unit = ROUNDING * float(np.finfo(s.dtype).eps)
    rounding = multiply(sum_(absolute(s), -1, keepdims=True), unit)
    is_zero = less_equal(absolute(d), reshape(rounding, (*rounding.shape, 1)))
    return where(is_zero, 0.0, divide(1.0, where(is_zero, 1.0, d)))


def _inverse_gaps(s: Any) -> Any:
    """1 / (s_j - s_i) in row i and column j."""
    return _inverse(subtract(_row(s), _column(s)), s)


def _skew(x: Any) -> Any:
    return multiply(subtract(x, swap_last(x)), 0.5)


# ---- x = U diag(S) Vh -----------------------------------------------------------------------
# With P = U^T dx V, dS is the diagonal of P, and dU = U (A + B), dV = V (A - B) inside the
# spaces of U and V, where A_ij = sym(P)_ij / (s_j - s_i) and B_ij = skew(P)_ij / (s_j + s_i).
# B has no gap in it, and so holds for equal values. Both are antisymmetric.
def _svd_parts(y: Any, shape: Shape) -> list[Any]:
    m, n = shape[-2:]
    k = min(m, n)
    return unpack(y, (m, k), (k,), (k, n))


def _svd_vjp(g: Any, y: Any, input_shape: Shape) -> Any:
    m, n = input_shape[-2:]
    (U, S, Vh), (gU, gS, gVh) = _svd_parts(y, input_shape), _svd_parts(g, input_shape)
    a, b = matmul(swap_last(U), gU), matmul(gVh, swap_last(Vh))  # U^T gU and (V^T gV)^T
    inside = add(
        multiply(_inverse_gaps(S), _skew(subtract(a, b))),
        multiply(_inverse(add(_row(S), _column(S)), S), _skew(add(a, b))),
    )
    gx = matmul(U, add(matmul(inside, Vh), multiply(_column(gS), Vh)))
    if m > n:  # what of gU lies outside the space of U
        outside = multiply(subtract(gU, matmul(U, a)), _inverse(_row(S), S))
        gx = add(gx, matmul(outside, Vh))
    if n > m:
        outside = multiply(_inverse(_column(S), S), subtract(gVh, matmul(b, Vh)))
        gx = add(gx, matmul(U, outside))
    return gx


def _svd_jvp(t: Any, y: Any, input_shape: Shape) -> Any:
    m, n = input_shape[-2:]
    U, S, Vh = _svd_parts(y, input_shape)
    tV, tU = matmul(t, swap_last(Vh)), matmul(swap_last(U), t)
    P = matmul(tU, swap_last(Vh))
    A = multiply(_inverse_gaps(S), symmetrized(P))
    B = multiply(_inverse(add(_row(S), _column(S)), S), _skew(P))
    dU, dVh = matmul(U, add(A, B)), matmul(subtract(B, A), Vh)
    if m > n:
        dU = add(dU, multiply(subtract(tV, matmul(U, P)), _inverse(_row(S), S)))
    if n > m:
        dVh = add(dVh, multiply(_inverse(_column(S), S), subtract(tU, matmul(P, Vh))))
    return pack(y.shape[:-1], dU, sum_(multiply(U, tV), -2), dVh)


SVD_THIN = structural(
    "svd",
    kernel.svd,
    ["x"],
    _svd_vjp,
    jvp=[_svd_jvp],
    expects="finite numbers",
    repair="look for nan and inf",
)


class SVD(NamedTuple):
    """What `svd` gives."""

    U: Any
    S: Any
    Vh: Any


def svd(x: Any) -> SVD:
    """x = U diag(S) Vh, with orthonormal columns in U and rows in Vh, and S falling.

    Shapes: (..., M, N) -> (..., M, K), (..., K) and (..., K, N), K the smaller of M and N.
    The vectors have a derivative only where their values differ from each other, and from 0 if
    x is not square. Where they do not, the part without one counts as 0: right for the sum of S
    and for U Vh, say, but not for every function that the choice of vectors leaves alone.
    Differs: NumPy's full_matrices=False.
    Raises: OptionError for nan and inf.
    """
    x = matrices("svd", x)
    return SVD(*_svd_parts(apply(SVD_THIN, x), x.shape))


def svdvals(x: Any) -> Any:
    """The singular values, falling. Shapes: (..., M, N) -> (..., K)."""
    return svd(matrices("svdvals", x)).S


# ---- x = V diag(w) V^T ----------------------------------------------------------------------
def _eigh_parts(y: Any, shape: Shape) -> list[Any]:
    n = shape[-1]
    return unpack(y, (n,), (n, n))


def _eigh_vjp(g: Any, y: Any, input_shape: Shape) -> Any:
    (w, V), (gw, gV) = _eigh_parts(y, input_shape), _eigh_parts(g, input_shape)
    turned = multiply(_inverse_gaps(w), _skew(matmul(swap_last(V), gV)))
    inside = add(matmul(turned, swap_last(V)), multiply(_column(gw), swap_last(V)))
    return matmul(V, inside)


def _eigh_jvp(t: Any, y: Any, input_shape: Shape) -> Any:
    w, V = _eigh_parts(y, input_shape)
    tV = matmul(symmetrized(t), V)
    turned = multiply(_inverse_gaps(w), matmul(swap_last(V), tV))
    return pack(y.shape[:-1], sum_(multiply(V, tV), -2), matmul(V, turned))


EIGH = structural(
    "eigh",
    kernel.eigh,
    ["x"],
    _eigh_vjp,
    jvp=[_eigh_jvp],
    expects="finite numbers",
    repair="look for nan and inf",
)


class Eigh(NamedTuple):
    """What `eigh` gives."""

    eigenvalues: Any
    eigenvectors: Any


def eigh(x: Any) -> Eigh:
    """Eigenvalues of a symmetric x, rising, and its eigenvectors, as columns.

    Shapes: (..., N, N) -> (..., N) and (..., N, N).
    The vectors have a derivative only where their values differ; elsewhere the part without
    one counts as 0, as in `svd`.
    Differs: like NumPy's it reads the lower triangle of x alone, but the gradient is that of a
    symmetric x: its triangles share it in halves.
    Raises: OptionError where LAPACK finds no eigenvalues, as with nan, which may also give nan.
    """
    x = matrices("eigh", x, square=True)
    return Eigh(*_eigh_parts(apply(EIGH, x), x.shape))


def eigvalsh(x: Any) -> Any:
    """The eigenvalues of a symmetric x, rising. Shapes: (..., N, N) -> (..., N)."""
    return eigh(matrices("eigvalsh", x, square=True)).eigenvalues
