"""Correlated modalities, and canonical correlation by eigenvalues: what tests hold it to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import fusegrad as fg
from fusegrad.multimodal.objective import Pairwise

ARRAY = np.ndarray
Slope = Callable[[ARRAY], ARRAY]


def drawn(rows: int = 40, widths: tuple[int, int] = (5, 3), seed: int = 0) -> dict[str, ARRAY]:
    """Two modalities that share two of their directions."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((rows, 2))
    parts = [rng.standard_normal((2, d)) for d in widths]
    noise = [rng.standard_normal((rows, d)) for d in widths]
    return {n: shared @ w + e for n, w, e in zip("ab", parts, noise)}


def with_correlations(rho: list[float], rows: int = 30) -> dict[str, ARRAY]:
    """Two modalities of variance 1 with these canonical correlations, turned at random."""
    rng, d = np.random.default_rng(5), len(rho)
    draws = rng.standard_normal((rows, 2 * d))
    Q = np.linalg.qr(draws - draws.mean(axis=0))[0] * np.sqrt(rows - 1)
    r, first, rest = np.array(rho), Q[:, :d], Q[:, d:]
    turns = [np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in "ab"]
    return {"a": first @ turns[0], "b": (first * r + rest * np.sqrt(1 - r**2)) @ turns[1]}


def inverse_root(S: ARRAY) -> ARRAY:
    w, V = np.linalg.eigh(S)
    return (V / np.sqrt(w)) @ V.T


def parts(arrays: dict[str, ARRAY], ridge: float) -> tuple[ARRAY, ...]:
    """H_1, H_2, S_11^-1/2, S_22^-1/2 and T, by eigenvalues."""
    H = [x - x.mean(axis=0) for x in arrays.values()]
    m = len(H[0]) - 1
    roots = [inverse_root(h.T @ h / m + ridge * np.eye(h.shape[1])) for h in H]
    return *H, *roots, roots[0] @ (H[0].T @ H[1] / m) @ roots[1]


def closed_form(arrays: dict[str, ARRAY], ridge: float, slope: Slope) -> list[ARRAY]:
    """The gradient of sum f(rho) by both features, from the slope f'."""
    H1, H2, R1, R2, T = parts(arrays, ridge)
    U, D, Vt = np.linalg.svd(T, full_matrices=False)
    f = slope(D)
    G12 = R1 @ (U * f) @ Vt @ R2
    G11 = -0.5 * R1 @ (U * (f * D)) @ U.T @ R1
    G22 = -0.5 * R2 @ (Vt.T * (f * D)) @ Vt @ R2
    m = len(H1) - 1
    return [(2 * H1 @ G11 + H2 @ G12.T) / m, (2 * H2 @ G22 + H1 @ G12) / m]


def gradients(loss: Pairwise, arrays: dict[str, ARRAY]) -> tuple[float, list[ARRAY]]:
    features = {n: fg.Tensor(x, requires_grad=True) for n, x in arrays.items()}
    value = loss(features)
    value.backward()
    return float(value), [features[n].grad.numpy() for n in arrays]


def largest(k: int | None, f: Slope) -> Slope:
    """The slope of those that count: -f of the k largest, 0 of others."""
    return lambda D: -f(D) * (np.arange(len(D)) < (len(D) if k is None else k))
