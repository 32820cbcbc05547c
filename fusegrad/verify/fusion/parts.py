"""Small parts that cases of objectives are built from."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import nn
from ...engine import Tensor
from ...engine.ops.linear import matmul
from ...multimodal.objective import GaussianHead
from .case import WIDTHS, Arrays, Names

LATENT = 2
LENGTHS = {"a": 2, "b": 1, "c": 3, "d": 2}  # of sequences


class Held(nn.Module):
    """Parts side by side, as `parts`, for a call of its own."""

    def __init__(self, *parts: nn.Module) -> None:
        self.parts = list(parts)


class Fixed(nn.Module):
    """x W, with a W that no one learns: what is frozen, or constant."""

    def __init__(self, into: int, out: int, rng: np.random.Generator) -> None:
        self.weight = nn.Buffer(rng.standard_normal((into, out)))

    def forward(self, x: Any) -> Tensor:
        y: Tensor = matmul(x, self.weight)
        return y


def encoders(names: Names, rng: np.random.Generator) -> dict[str, nn.Module]:
    """tanh(x W^T + b), (B, d_m) -> (B, 2)."""
    return {n: nn.Sequential(nn.Linear(WIDTHS[n], LATENT, rng=rng), nn.Tanh()) for n in names}


def decoders(names: Names, rng: np.random.Generator) -> dict[str, nn.Module]:
    """z W^T + b, (B, 2) -> (B, d_m)."""
    return {n: nn.Linear(LATENT, WIDTHS[n], rng=rng) for n in names}


def gaussian_heads(names: Names, rng: np.random.Generator) -> dict[str, nn.Module]:
    """(B, d_m) -> mu and logvar, (B, 2) each."""
    return {n: GaussianHead(WIDTHS[n], LATENT, rng=rng) for n in names}


def tokens(names: Names, rows: int, rng: np.random.Generator) -> Arrays:
    """A sequence (B, T_m, d_m) for every modality."""
    return {n: rng.standard_normal((rows, LENGTHS[n], WIDTHS[n])) for n in names}


def probabilities(names: Names, rows: int, rng: np.random.Generator) -> Arrays:
    """(B, d_m) of numbers in [0.1, 0.9] for every modality."""
    return {n: rng.uniform(0.1, 0.9, (rows, WIDTHS[n])) for n in names}


def labels(rows: int, classes: int) -> np.ndarray:
    """Labels, each class in its turn."""
    return np.arange(rows) % classes


def words(rows: int, num_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Sentences (B, 2) and their lengths, 2, 1, 0 in turn."""
    rng = np.random.default_rng(20)
    return rng.integers(num_words, size=(rows, 2)), 2 - np.arange(rows) % 3
