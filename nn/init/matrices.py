"""First values that are drawn as a matrix: (out, in ...) with all axes but the first as one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.ops.decompositions import qr
from ...kernels import OptionError
from .draws import Rng, normal, uniform
from .given import DTYPE
from .scale import Shape, matrix


def orthogonal(rng: Rng, shape: Shape, gain: float = 1.0, dtype: Any = DTYPE) -> np.ndarray:
    """gain times a matrix with orthonormal columns, or, where it has more of them than rows,
    with orthonormal rows; each such matrix is as likely as any other.

    It is Q of normal draws = Q R, its signs those that make R's diagonal positive: LAPACK's
    would favour some (Mezzadri 2007, section 5).
    Raises: ShapeError for less than two axes. Source: Saxe, McClelland & Ganguli 2014.
    """
    lengths = matrix("init.orthogonal", shape)
    rows, columns = lengths[0], math.prod(lengths[1:])
    tall = (max(rows, columns), min(rows, columns))
    Q, R = qr(normal(rng, tall, dtype=np.float64))
    Q = Q * np.where(np.diagonal(R) < 0, -gain, gain)
    return (Q if rows >= columns else Q.T).reshape(lengths).astype(dtype)


def sparse(
    rng: Rng, shape: Shape, sparsity: float, std: float = 0.01, dtype: Any = DTYPE
) -> np.ndarray:
    """Normal of a standard deviation, but for a share `sparsity` of each column, rounded up,
    which is 0.

    Raises: OptionError for a share outside [0, 1]; ShapeError for less than two axes.
    Differs: the paper leaves 15 numbers in each row (what one unit reads), PyTorch as many in
    each column; for the paper draw (in, out) and transpose.
    Source: Martens 2010, "Random initialization".
    """
    lengths = matrix("init.sparse", shape)
    if not 0 <= sparsity <= 1:
        got = f"sparsity={sparsity}"
        raise OptionError("init.sparse", "sparsity in [0, 1]", got, "give a share")
    flat = (lengths[0], math.prod(lengths[1:]))
    order = np.argsort(uniform(rng, flat, dtype=np.float64), axis=0)  # of each column by itself
    is_zero = order < math.ceil(sparsity * flat[0])
    return np.where(is_zero, 0, normal(rng, flat, std, dtype)).reshape(lengths).astype(dtype)
