"""What linear algebra is held against: 50 digits, and PyTorch with its signs fixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests import ops_sample as sample
from tests.ops_sample import MP

Matrix = Callable[..., Any]
WIDE, NEXT = (..., None, slice(None)), (..., slice(None), None)


# ---- 50 digits ------------------------------------------------------------------------------
def each_matrix(f: Matrix) -> Matrix:
    """A function of one matrix on a batch of them."""

    def of_batch(x: np.ndarray, *rest: Any) -> np.ndarray:
        lead = x.shape[:-2]
        found = [np.asarray(f(x[k]), object) for k in np.ndindex(lead)]
        return np.array(found, object).reshape((*lead, *found[0].shape))

    return of_batch


def mp(x: Any) -> Any:
    return MP.matrix(x.tolist()) if x.size else MP.matrix(*x.shape)


def back(x: Any) -> np.ndarray:
    return np.array([[x[i, j] for j in range(x.cols)] for i in range(x.rows)], object).reshape(
        x.rows, x.cols
    )


def det(x: np.ndarray) -> Any:
    """By the first row, minor after minor."""
    if not len(x):
        return MP.mpf(1)
    rest = (np.delete(x[1:], j, 1) for j in range(len(x)))
    return sum(((-1) ** j * x[0, j] * det(minor) for j, minor in enumerate(rest)), MP.mpf(0))


def cofactors(x: np.ndarray) -> np.ndarray:
    y = np.empty(x.shape, object)
    for i, j in np.ndindex(x.shape):
        y[i, j] = (-1) ** (i + j) * det(np.delete(np.delete(x, i, 0), j, 1))
    return y


def slogdet(x: np.ndarray) -> list[Any]:
    d = det(x)
    return [MP.sign(d), MP.log(abs(d))]


def inv(x: np.ndarray) -> np.ndarray:
    return cofactors(x).T / det(x)


def solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return sample.product(each_matrix(inv)(a), b)


def even(x: np.ndarray) -> np.ndarray:
    return (x + x.T) / 2


def cholesky(x: np.ndarray) -> np.ndarray:
    return back(MP.cholesky(mp(even(x)))) if x.size else x


def qr(x: np.ndarray) -> np.ndarray:
    """Gram and Schmidt's, which makes the diagonal positive."""
    Q = x[:, : len(x)].copy()
    for j in range(Q.shape[1]):
        for i in range(j):
            Q[:, j] = Q[:, j] - Q[:, i] * (Q[:, i] * Q[:, j]).sum()
        Q[:, j] = Q[:, j] / MP.sqrt((Q[:, j] ** 2).sum())
    return np.concatenate([Q.ravel(), sample.product(Q.T, x).ravel()])


def svd(x: np.ndarray) -> np.ndarray:
    U, S, Vh = MP.svd_r(mp(x))
    U, Vh = back(U), back(Vh)
    sign = np.array([MP.sign(s) for s in U.sum(0)])
    return np.concatenate([(U * sign).ravel(), list(S), (sign[:, None] * Vh).ravel()])


def eigh(x: np.ndarray) -> np.ndarray:
    w, V = MP.eigsy(mp(even(x)))
    V = back(V)
    return np.concatenate([list(w), (V * [MP.sign(s) for s in V.sum(0)]).ravel()])


# ---- PyTorch --------------------------------------------------------------------------------
def torch_even(x: Any) -> Any:
    return (x + x.mT) / 2


def torch_parts(torch: Any, *arrays: Any, lead: int) -> Any:
    return torch.cat([a.flatten(lead) for a in arrays], -1)


def torch_qr(torch: Any, x: Any) -> Any:
    Q, R = torch.linalg.qr(x)
    sign = R.diagonal(0, -2, -1).sign().detach()
    return torch_parts(torch, Q * sign[WIDE], R * sign[NEXT], lead=x.ndim - 2)


def torch_svd(torch: Any, x: Any) -> Any:
    U, S, Vh = torch.linalg.svd(x, full_matrices=False)
    sign = U.sum(-2).sign().detach()
    return torch_parts(torch, U * sign[WIDE], S, Vh * sign[NEXT], lead=x.ndim - 2)


def torch_eigh(torch: Any, x: Any) -> Any:
    w, V = torch.linalg.eigh(torch_even(x))
    return torch_parts(torch, w, V * V.sum(-2).sign().detach()[WIDE], lead=x.ndim - 2)
