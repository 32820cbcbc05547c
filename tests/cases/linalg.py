"""Determinants, inverses, equations and decompositions, held against mpmath's.

Vectors are known up to a sign, which a case takes from their sum. Matrices are drawn with a
dominant diagonal 1, 2, 3, so that inverses, square roots and gaps between values stay near 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad.engine import OPS, Tensor
from fusegrad.engine.ops import linear as products
from fusegrad.engine.ops.decompositions import cholesky, qr, symmetrized
from fusegrad.engine.ops.einsum import einsum
from fusegrad.engine.ops.indexing import getitem
from fusegrad.engine.ops.linalg import det, inv, slogdet, solve
from fusegrad.engine.ops.packing import pack
from fusegrad.engine.ops.spectral import eigh, svd
from fusegrad.engine.tape import apply
from fusegrad.kernels import OptionError, ShapeError
from tests.cases import linalg_exact as exact
from tests.cases.linalg_exact import NEXT, WIDE, each_matrix
from tests.cases.operation import Operation, Shapes, numbers


def dominant(shapes: Shapes) -> list[np.ndarray]:
    """Matrices with 1, 2, 3 on the diagonal, and small numbers added; vectors of numbers."""
    matrices, *rest = numbers(shapes)
    m, n = shapes[0][-2:]
    return [matrices / 5 + np.arange(1, m + 1)[:, None] * np.eye(m, n), *rest]


# ---- the engine, with signs fixed -----------------------------------------------------------
def parts(*arrays: Any, lead: int) -> Any:
    return pack(arrays[0].shape[:lead], *arrays)


def signed_qr(x: Any) -> Any:
    Q, R = qr(x)
    i = np.arange(Q.shape[-1])
    sign = fg.sign(apply(OPS["getitem"], R, index=(..., i, i)))
    signed = fg.multiply(Q, getitem(sign, WIDE)), fg.multiply(R, getitem(sign, NEXT))
    return parts(*signed, lead=len(x.shape) - 2)


def signed_svd(x: Any) -> Any:
    U, S, Vh = svd(x)
    sign = fg.sign(fg.sum(U, -2))
    signed = fg.multiply(U, getitem(sign, WIDE)), S, fg.multiply(Vh, getitem(sign, NEXT))
    return parts(*signed, lead=len(x.shape) - 2)


def signed_eigh(x: Any) -> Any:
    w, V = eigh(symmetrized(x))
    signed = fg.multiply(V, getitem(fg.sign(fg.sum(V, -2)), WIDE))
    return parts(w, signed, lead=len(x.shape) - 2)


def cofactors(x: Any) -> Any:
    return apply(OPS["cofactors"], x)


# ---- the table ------------------------------------------------------------------------------
SQUARE = [((s,), ()) for s in [(3, 3), (2, 2, 2), (1, 1), (2, 1, 2, 2), (0, 0)]]
ANY = [
    ((s,), ())
    for s in [(3, 2), (2, 2), (3, 3), (2, 3), (1, 3), (2, 3, 2), (2, 1, 2, 3), (1, 1)]
]
EQUATIONS = [
    ((3, 3), (3, 2)),
    ((2, 2), (2,)),
    ((3, 2, 2), (2, 2)),
    ((2, 2), (3, 2, 1)),
    ((3, 1, 2, 2), (2, 2, 1)),
    ((2, 2, 2), (2,)),
    ((1, 1), (1,)),
    ((0, 0), (0, 2)),
    ((2, 2), (2, 0)),
]
OPERATIONS: dict[str, Operation] = {
    "det": Operation(
        det, each_matrix(exact.det), SQUARE, lambda torch, x: torch.linalg.det(x), dominant),
    "cofactors": Operation(
        cofactors, each_matrix(exact.cofactors), SQUARE,
        lambda torch, x: torch.linalg.inv(x).mT * torch.linalg.det(x)[..., None, None],
        dominant),
    "slogdet": Operation(
        lambda x: fg.stack(slogdet(x), -1), each_matrix(exact.slogdet), SQUARE,
        lambda torch, x: torch.stack(tuple(torch.linalg.slogdet(x)), -1), dominant),
    "inv": Operation(
        inv, each_matrix(exact.inv), SQUARE, lambda torch, x: torch.linalg.inv(x), dominant),
    "solve": Operation(
        solve, exact.solve, [(pair, ()) for pair in EQUATIONS],
        lambda torch, a, b: torch.linalg.inv(a) @ b, dominant),
    "cholesky": Operation(
        lambda x: cholesky(symmetrized(x)),
        each_matrix(exact.cholesky), SQUARE,
        lambda torch, x: torch.linalg.cholesky(exact.torch_even(x)), dominant),
    "qr": Operation(signed_qr, each_matrix(exact.qr), ANY, exact.torch_qr, dominant),
    "svd": Operation(signed_svd, each_matrix(exact.svd), ANY, exact.torch_svd, dominant),
    "eigh": Operation(
        signed_eigh, each_matrix(exact.eigh), SQUARE[:4], exact.torch_eigh, dominant),
}  # fmt: skip

X, ONE = Tensor(np.zeros((2, 3))), np.eye(2)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: det(X), ShapeError,
     "det: expected matrices (..., N, N), got (2, 3); see its last two axes"),
    (lambda: svd(X[0]), ShapeError,
     "svd: expected matrices (..., M, N), got (3,); see its last two axes"),
    (lambda: solve(ONE, X[0]), ShapeError,
     "solve: expected a (..., N, N) and b (N,) or (..., N, K), with leading axes that "
     "broadcast, got (2, 2) and (3,); reshape one of them"),
    (lambda: solve(np.ones((3, 2, 2)), np.ones((2, 2, 1))), ShapeError,
     "solve: expected a (..., N, N) and b (N,) or (..., N, K), with leading axes that "
     "broadcast, got (3, 2, 2) and (2, 2, 1); reshape one of them"),
    (lambda: inv(Tensor(np.ones((2, 2)))), OptionError,
     "inv: expected an invertible matrix, got (2, 2): singular matrix; add a small multiple of "
     "the identity, or drop dependent rows and columns"),
    (lambda: solve(np.ones((2, 2)), [1.0, 2.0]), OptionError,
     "solve: expected an invertible matrix, got (2, 2), (2, 1): singular matrix; add a small "
     "multiple of the identity, or drop dependent rows and columns"),
    (lambda: cholesky(-ONE), OptionError,
     "cholesky: expected a positive definite matrix, got (2, 2): matrix is not positive "
     "definite; add a small multiple of the identity"),
    (lambda: svd(ONE * np.nan), OptionError,
     "svd: expected finite numbers, got (2, 2): svd did not converge; look for nan and inf"),
    (lambda: products.inner(X, ONE), ShapeError,
     "inner: expected axes in pairs of one size, each once, got axes (1,) of (2, 3) and (1,) "
     "of (2, 2); see the shapes"),
    (lambda: products.tensordot(ONE, ONE, ([0, 0], [0, 1])), ShapeError,
     "tensordot: expected axes in pairs of one size, each once, got axes (0, 0) of (2, 2) and "
     "(0, 1) of (2, 2); see the shapes"),
    (lambda: products.trace(X, axis1=2), ShapeError,
     "trace: expected axes in [-2, 2), got axis=(2, 1); x has shape (2, 3)"),
    (lambda: einsum("ij,jk", X), OptionError,
     "einsum: expected a term of letters, with one ellipsis at most, for each operand, got "
     "'ij,jk' and 1 operands; write it like 'ij,jk->ik'"),
    (lambda: einsum("i1->i", X), OptionError,
     "einsum: expected a term of letters, with one ellipsis at most, for each operand, got "
     "'i1->i' and 1 operands; write it like 'ij,jk->ik'"),
    (lambda: einsum("i->i", X), ShapeError,
     "einsum: expected 1 axes for 'i', got shape (2, 3) in 'i->i'; name every axis"),
    (lambda: einsum("i...jk", X), ShapeError,
     "einsum: expected 3 axes or more for 'i...jk', got shape (2, 3) in 'i...jk'; name every "
     "axis"),
    (lambda: einsum("ij,ij", X, ONE), ShapeError,
     "einsum: expected one length for 'j', got 3 and 2 in 'ij,ij'; see the shapes"),
    (lambda: einsum("...,...", X, ONE), ShapeError,
     "einsum: expected one length for the ellipsis, got 3 and 2 in '...,...'; see the shapes"),
    (lambda: einsum("ij->ik", X), OptionError,
     "einsum: expected an output of letters that the operands have, each once, got 'ij->ik'; "
     "name other axes behind '->'"),
    (lambda: einsum("ij->ii", X), OptionError,
     "einsum: expected an output of letters that the operands have, each once, got 'ij->ii'; "
     "name other axes behind '->'"),
]  # fmt: skip
