"""First values of parameters, drawn from an explicit generator.

fan_in is what one output reads, fan_out what one input feeds: of a (fan_out, fan_in) matrix.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.ops.random import generator
from ..kernels import ShapeError, random

DTYPE = np.float32


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) < 2:
        raise ShapeError(
            "init",
            "a matrix (fan_out, fan_in)",
            f"shape {shape}",
            "use zeros or uniform for vectors",
        )
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def zeros(shape: tuple[int, ...], dtype: Any = DTYPE) -> np.ndarray:
    """All zero."""
    return np.zeros(shape, dtype)


def uniform(
    rng: np.random.Generator, shape: tuple[int, ...], bound: float, dtype: Any = DTYPE
) -> np.ndarray:
    """Uniform on [-bound, bound)."""
    return random.uniform(generator(rng), shape=shape, low=-bound, high=bound, dtype=dtype)


def normal(
    rng: np.random.Generator, shape: tuple[int, ...], std: float = 1.0, dtype: Any = DTYPE
) -> np.ndarray:
    """Normal of mean 0."""
    return random.normal(generator(rng), shape=shape, std=std, dtype=dtype)


def xavier_uniform(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any = DTYPE
) -> np.ndarray:
    """Uniform of variance 2 / (fan_in + fan_out), for tanh.

    Source: Glorot & Bengio 2010, eq. 16.
    """
    fan_in, fan_out = _fans(shape)
    return uniform(rng, shape, math.sqrt(6 / (fan_in + fan_out)), dtype)


def kaiming_normal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any = DTYPE
) -> np.ndarray:
    """Normal of variance 2 / fan_in, for relu. Source: He et al. 2015, eq. 10."""
    return normal(rng, shape, math.sqrt(2 / _fans(shape)[0]), dtype)


def lecun_uniform(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any = DTYPE
) -> np.ndarray:
    """Uniform of variance 1 / fan_in. Source: LeCun et al. 1998, section 4.6."""
    return uniform(rng, shape, math.sqrt(3 / _fans(shape)[0]), dtype)
