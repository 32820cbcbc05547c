"""Triangular factors: Cholesky and QR."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...kernels import linalg as kernel
from ..op import structural
from ..tape import apply
from .elementwise import add, multiply, subtract
from .indexing import getitem
from .linalg import matrices, solve, solve_right
from .linear import matmul
from .packing import pack, unpack
from .shaping import concat, data_of, swap_last


def _half_lower(x: Any) -> Any:
    """The lower triangle with half the diagonal: what, with its transpose, adds up to a
    symmetric x. It is its own transpose as a map."""
    return multiply(x, kernel.half_lower_like(data_of(x)))


def symmetrized(x: Any) -> Any:
    """(x + x^T) / 2."""
    return multiply(add(x, swap_last(x)), 0.5)


# ---- Cholesky: x = L L^T, so L^-1 dL is the lower half of L^-1 dx L^-T ----------------------
def _cholesky_vjp(g: Any, y: Any) -> Any:
    lower = _half_lower(matmul(swap_last(y), g))
    return symmetrized(solve_right(solve(swap_last(y), lower), y))


def _cholesky_jvp(t: Any, y: Any) -> Any:
    inside = solve_right(solve(y, symmetrized(t)), swap_last(y))
    return matmul(y, _half_lower(inside))


CHOLESKY = structural(
    "cholesky",
    kernel.cholesky,
    ["x"],
    _cholesky_vjp,
    jvp=[_cholesky_jvp],
    expects="a positive definite matrix",
    repair="add a small multiple of the identity",
)


def cholesky(x: Any) -> Any:
    """The lower triangle L with L L^T = x. Shapes: (..., N, N).

    Differs: like NumPy's it reads the lower triangle of x alone, but the gradient is that of a
    symmetric x: its triangles share it in halves.
    Raises: OptionError where x is not positive definite.
    """
    return apply(CHOLESKY, matrices("cholesky", x, square=True))


# ---- QR: with Z = dx R^-1, Q^T dQ is antisymmetric and dR R^-1 upper; they add up to Q^T Z ---
def _qr_parts(y: Any, shape: tuple[int, ...]) -> list[Any]:
    m, n = shape[-2:]
    return unpack(y, (m, min(m, n)), (min(m, n), n))


def _qr_vjp(g: Any, y: Any, input_shape: tuple[int, ...]) -> Any:
    (gQ, gR), (Q, R) = _qr_parts(g, input_shape), _qr_parts(y, input_shape)
    lower = _half_lower(subtract(matmul(R, swap_last(gR)), matmul(swap_last(gQ), Q)))
    both = add(gQ, matmul(Q, add(lower, swap_last(lower))))
    return solve_right(both, swap_last(R))


def _qr_jvp(t: Any, y: Any, input_shape: tuple[int, ...]) -> Any:
    Q, R = _qr_parts(y, input_shape)
    Z = solve_right(t, R)
    inside = matmul(swap_last(Q), Z)
    lower = _half_lower(inside)
    upper = subtract(inside, subtract(lower, swap_last(lower)))
    return pack(y.shape[:-1], subtract(Z, matmul(Q, upper)), matmul(upper, R))


QR_TALL = structural("qr", kernel.qr, ["x"], _qr_vjp, jvp=[_qr_jvp])


class QR(NamedTuple):
    """What `qr` gives."""

    Q: Any
    R: Any


def qr(x: Any) -> QR:
    """x = Q R with orthonormal columns in Q and an upper triangle R; signs are LAPACK's.

    Shapes: (..., M, N) -> (..., M, K) and (..., K, N), K the smaller of M and N.
    The gradient needs independent columns, the first K of them in a wide x, and raises
    OptionError without.
    """
    x = matrices("qr", x)
    m, n = x.shape[-2:]
    if m >= n:
        return QR(*_qr_parts(apply(QR_TALL, x), x.shape))
    square = getitem(x, (..., slice(m)))
    Q, R = _qr_parts(apply(QR_TALL, square), square.shape)
    rest = matmul(swap_last(Q), getitem(x, (..., slice(m, None))))
    return QR(Q, concat([R, rest], -1))
