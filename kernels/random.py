"""Random draws, from a generator that the caller owns: there is no hidden seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernel import kernel


@kernel
def uniform(
    rng: np.random.Generator, *, shape: tuple[int, ...], low: float, high: float, dtype: Any
) -> Any:
    """Uniform draws from [low, high), rounded to dtype, which may make one of them high."""
    return rng.uniform(low, high, shape).astype(dtype)


@kernel
def normal(rng: np.random.Generator, *, shape: tuple[int, ...], std: float, dtype: Any) -> Any:
    """Normal draws of mean 0."""
    return (rng.standard_normal(shape) * std).astype(dtype)


@kernel
def bernoulli(rng: np.random.Generator, *, shape: tuple[int, ...], p: float) -> Any:
    """Truth values that hold with probability p."""
    return rng.random(shape) < p
