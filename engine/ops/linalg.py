"""Square matrices: determinants, inverses, equations."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...kernels import ShapeError
from ...kernels import linalg as kernel
from ..op import SYMMETRIC, structural
from ..tape import apply
from .broadcast import sum_
from .elementwise import multiply, negative, subtract
from .indexing import INDEX_ADD, getitem
from .linear import matmul, trace
from .shaping import as_array, reshape, swap_last

INVERTIBLE = "an invertible matrix"
REGULARIZE = "add a small multiple of the identity, or drop dependent rows and columns"


def matrices(where: str, x: Any, square: bool = False) -> Any:
    """x as an array of matrices.

    Raises: ShapeError where it has less than two axes, or the last two differ in a square.
    """
    x = as_array(x)
    if len(x.shape) < 2 or (square and x.shape[-1] != x.shape[-2]):
        rule = f"matrices (..., {'N, N' if square else 'M, N'})"
        raise ShapeError(where, rule, str(x.shape), "see its last two axes")
    return x


# ---- determinants ---------------------------------------------------------------------------
def _scaled(g: Any, matrix: Any) -> Any:
    return multiply(reshape(g, (*g.shape, 1, 1)), matrix)


def _cofactors_along(g: Any, x: Any, y: Any) -> Any:
    # y = det(x) x^-T, so dy = tr(x^-1 dx) y - x^-T dx^T y: symmetric, since det has a Hessian.
    z = solve(swap_last(x), swap_last(g))
    return subtract(_scaled(trace(z, 0, -2, -1), y), matmul(z, y))


def _slogdet_jvp(t: Any, x: Any, y: Any) -> Any:
    slope = sum_(multiply(swap_last(inv(x)), t), (-2, -1))
    return apply(INDEX_ADD, slope, index=(..., 1), shape=y.shape)


COFACTORS = structural(
    "cofactors",
    kernel.cofactors,
    ["x"],
    _cofactors_along,
    jvp=SYMMETRIC,
    expects="finite numbers",
    repair="look for nan and inf",
)
DET = structural(
    "det",
    kernel.det,
    ["x"],
    lambda g, x: _scaled(g, apply(COFACTORS, x)),
    jvp=[lambda t, x: sum_(multiply(apply(COFACTORS, x), t), (-2, -1))],
)
SLOGDET = structural(
    "slogdet",
    kernel.slogdet,
    ["x"],
    lambda g, x: _scaled(getitem(g, (..., 1)), swap_last(inv(x))),
    jvp=[_slogdet_jvp],
)


class SlogDet(NamedTuple):
    """What `slogdet` gives."""

    sign: Any
    logabsdet: Any


def det(x: Any) -> Any:
    """The determinant. Shapes: (..., N, N) -> (...).

    The gradient, the matrix of cofactors, is right at singular matrices too; derivatives of
    second and higher order need an invertible x, and raise OptionError without one.
    """
    return apply(DET, matrices("det", x, square=True))


def slogdet(x: Any) -> SlogDet:
    """The sign of the determinant and log|det x|, which does not overflow.

    Shapes: (..., N, N) -> (...) and (...). Units: nats. A singular matrix gives 0 and -inf;
    its gradient raises OptionError.
    """
    y = apply(SLOGDET, matrices("slogdet", x, square=True))
    return SlogDet(getitem(y, (..., 0)), getitem(y, (..., 1)))


# ---- inverses and equations -----------------------------------------------------------------
INV = structural(
    "inv",
    kernel.inv,
    ["x"],
    lambda g, y: negative(matmul(swap_last(y), matmul(g, swap_last(y)))),
    jvp=[lambda t, y: negative(matmul(y, matmul(t, y)))],
    expects=INVERTIBLE,
    repair=REGULARIZE,
)
SOLVE = structural(
    "solve",
    kernel.solve,
    ["a", "b"],
    lambda g, a, y: negative(matmul(_solved(swap_last(a), g), swap_last(y))),
    lambda g, a: _solved(swap_last(a), g),
    jvp=[
        lambda t, a, y: negative(_solved(a, matmul(t, y))),
        lambda t, a: _solved(a, t),
    ],
    expects=INVERTIBLE,
    repair=REGULARIZE,
)


def _solved(a: Any, b: Any) -> Any:
    return apply(SOLVE, a, b)


def inv(x: Any) -> Any:
    """The inverse. Shapes: (..., N, N). To multiply with it, `solve` is faster and closer.

    Raises: OptionError where x has none.
    """
    return apply(INV, matrices("inv", x, square=True))


def solve(a: Any, b: Any) -> Any:
    """x with a x = b.

    Shapes: (..., N, N) and (..., N, K) -> (..., N, K), or (N,) -> (..., N). Leading axes
    broadcast.
    Differs: as in NumPy 2, b is a vector only if it has one axis.
    Raises: OptionError where a is singular.
    """
    a, b = matrices("solve", a, square=True), as_array(b)
    leads = zip(a.shape[-3::-1], b.shape[-3::-1])
    if b.shape[-2:][:1] != a.shape[-1:] or not all(m == n or 1 in (m, n) for m, n in leads):
        rule = "a (..., N, N) and b (N,) or (..., N, K), with leading axes that broadcast"
        raise ShapeError("solve", rule, f"{a.shape} and {b.shape}", "reshape one of them")
    if len(b.shape) > 1:
        return _solved(a, b)
    x = _solved(a, reshape(b, (*b.shape, 1)))
    return reshape(x, x.shape[:-1])


def solve_right(b: Any, a: Any) -> Any:
    """x with x a = b, for matrices."""
    return swap_last(_solved(swap_last(a), swap_last(b)))
