"""Random draws, from a generator that the caller owns: there is no hidden seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import philox
from .draws import note
from .kernel import kernel
from .lift import lift
from .words import where


@kernel
def uniform(
    rng: np.random.Generator, *, shape: tuple[int, ...], low: float, high: float, dtype: Any
) -> Any:
    """Uniform draws from [low, high), rounded to dtype, which may make one of them high."""
    note(rng)
    return rng.uniform(low, high, shape).astype(dtype)


@kernel
def normal(
    rng: np.random.Generator,
    *,
    shape: tuple[int, ...],
    std: float,
    dtype: Any,
    mean: float = 0.0,
) -> Any:
    """Normal draws, rounded to dtype."""
    note(rng)
    return (rng.standard_normal(shape) * std + mean).astype(dtype)


@kernel
def bernoulli(rng: np.random.Generator, *, shape: tuple[int, ...], p: float) -> Any:
    """Truth values that hold with probability p."""
    note(rng)
    return rng.random(shape) < p


@kernel
def kept(
    rng: np.random.Generator, *, shape: tuple[int, ...], p: float, device: str = "cpu"
) -> Any:
    """Truth values on a device that fail with probability p: 64 bits are drawn, and the rest
    follows from these and an element's place alone, see `philox.py`."""
    note(rng)
    key = int(rng.integers(0, 1 << 64, dtype=np.uint64))
    return philox.kept(key, math.prod(shape), p, device).reshape(shape)


@kernel
def dropout(x: Any, *, kept: Any, scale: float) -> Any:
    """x times a number where it is kept, else 0, whatever it is."""
    return _dropout.compute(x, kept, scale=scale)


_dropout = lift(lambda x, kept, *, scale: where(kept, x * scale, 0), "dropout")


@kernel
def exponential(
    rng: np.random.Generator, *, shape: tuple[int, ...], scale: float, dtype: Any
) -> Any:
    """Exponential draws of mean `scale`, rounded to dtype."""
    note(rng)
    return (rng.standard_exponential(shape) * scale).astype(dtype)


@kernel
def integers(
    rng: np.random.Generator, *, shape: tuple[int, ...], low: int, high: int, dtype: Any
) -> Any:
    """Integers in [low, high), each as likely."""
    note(rng)
    return rng.integers(low, high, shape).astype(dtype)


@kernel
def permutation(rng: np.random.Generator, *, n: int) -> Any:
    """0 .. n - 1 in an order drawn at random."""
    note(rng)
    return rng.permutation(n)
