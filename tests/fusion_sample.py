"""Features, and what flows back to them, for the tests of single fusions."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusegrad import multimodal as mm
from fusegrad.engine import Tensor

EXACT = {"rtol": 1e-12, "atol": 1e-12}  # sums in another order, in float64
WIDTHS = {"a": 3, "b": 4, "c": 2}


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def features(widths: dict[str, int] = WIDTHS, rows: int = 4) -> dict[str, np.ndarray]:
    """Float64 features (B, d_m)."""
    drawn = rng(4)
    return {name: drawn.standard_normal((rows, d)) for name, d in widths.items()}


def settled(fusion: Any) -> Any:
    """The fusion in float64, all of its parameters off their first values."""
    fusion, drawn = fusion.to(np.float64), rng(8)
    for p in fusion.parameters():
        p.assign_(p.numpy() + 0.2 * drawn.standard_normal(p.shape))
    return fusion


class Split:
    """F of a fusion, a drawn delta = dL/dF, and by modality what flows back."""

    def __init__(
        self, fusion: mm.Fusion, x: dict[str, np.ndarray], present: Any = None
    ) -> None:
        inputs = {name: Tensor(f, requires_grad=True) for name, f in x.items()}
        fused = fusion(inputs, present)
        self.F = fused.numpy()
        self.delta = rng(6).standard_normal(self.F.shape)
        fusion.zero_grad()
        (fused * self.delta).sum().backward()
        self.g = {
            n: np.zeros_like(x[n]) if t.grad is None else t.grad.numpy()
            for n, t in inputs.items()
        }


def same(got: Any, want: Any) -> bool:
    """Whether both are equal up to rounding."""
    return np.shape(got) == np.shape(want) and bool(np.allclose(got, want, **EXACT))


def weights(fusion: Any) -> dict[str, np.ndarray]:
    """Parameters by name."""
    return {name: p.numpy() for name, p in fusion.named_parameters()}


def gradients(fusion: Any) -> dict[str, np.ndarray]:
    """What flowed back to parameters, by name."""
    return {name: p.grad.numpy() for name, p in fusion.named_parameters()}


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
