"""Determinants, inverses and decompositions, left to LAPACK, and to cuSOLVER under CuPy.

A decomposition gives its parts in one array: each flattened, one behind the other along the
last axis. float16, which LAPACK does not know, is computed in float32 and rounded back.
"""

from __future__ import annotations

import math
from typing import Any

from .device import module_of
from .kernel import kernel


@kernel
def det(x: Any) -> Any:
    """The determinant. Shapes: (..., N, N) -> (...)."""
    return _narrow(module_of(x).linalg.det(_wide(x)), x)


@kernel
def cofactors(x: Any) -> Any:
    """det(x) inv(x)^T, through the singular values, so that x need not have an inverse."""
    xp = module_of(x)
    wide = _wide(x)
    U, s, Vh = xp.linalg.svd(wide, full_matrices=False)
    itself = xp.eye(s.shape[-1], dtype=bool)
    others = xp.where(itself, xp.ones_like(s)[..., None], s[..., None, :]).prod(-1)
    sign = xp.sign(xp.linalg.det(U) * xp.linalg.det(Vh))
    return _narrow((U * (sign[..., None] * others)[..., None, :]) @ Vh, x)


@kernel
def slogdet(x: Any) -> Any:
    """Sign of the determinant, and log of its size. Shapes: (..., N, N) -> (..., 2)."""
    xp = module_of(x)
    return _narrow(xp.stack(xp.linalg.slogdet(_wide(x)), axis=-1), x)


@kernel
def inv(x: Any) -> Any:
    """The inverse."""
    return _narrow(module_of(x).linalg.inv(_wide(x)), x)


@kernel
def solve(a: Any, b: Any) -> Any:
    """What a must be multiplied with to give b. Shapes: (..., N, N), (..., N, K)."""
    return _narrow(module_of(a, b).linalg.solve(_wide(a), _wide(b)), a, b)


@kernel
def cholesky(x: Any) -> Any:
    """The lower triangle L with L L^T = x, of which the lower triangle is read."""
    return _narrow(module_of(x).linalg.cholesky(_wide(x)), x)


@kernel
def qr(x: Any) -> Any:
    """Q and R. Shapes: (..., M, N) -> (..., M * K + K * N), K the smaller of M and N."""
    return _packed(x, *module_of(x).linalg.qr(_wide(x)))


@kernel
def svd(x: Any) -> Any:
    """U, S and Vh. Shapes: (..., M, N) -> (..., M * K + K + K * N)."""
    return _packed(x, *module_of(x).linalg.svd(_wide(x), full_matrices=False))


@kernel
def eigh(x: Any) -> Any:
    """Eigenvalues and eigenvectors of what the lower triangle says.

    Shapes: (..., N, N) -> (..., N + N * N)."""
    return _packed(x, *module_of(x).linalg.eigh(_wide(x)))


@kernel
def half_lower_like(x: Any) -> Any:
    """1 below the diagonal, 1/2 on it, 0 above. Shapes: (..., N, N) -> (N, N)."""
    xp, n = module_of(x), x.shape[-1]
    return xp.tri(n, dtype=x.dtype) - xp.eye(n, dtype=x.dtype) / 2


def _wide(x: Any) -> Any:
    return x.astype("float32") if x.dtype == "float16" else x


def _narrow(y: Any, *inputs: Any) -> Any:
    is_half = module_of(y).result_type(*inputs) == "float16"
    return y.astype("float16") if is_half else y


def _packed(x: Any, *parts: Any) -> Any:
    lead = x.shape[:-2]
    flat = [p.reshape(*lead, math.prod(p.shape[len(lead) :])) for p in parts]
    return _narrow(module_of(x).concatenate(flat, axis=-1), x)
