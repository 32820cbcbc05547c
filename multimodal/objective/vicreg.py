"""Redundancy kept low: features agree, vary, and do not repeat each other.

Both need a batch: a single row has no variance, and counts 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.activations import relu
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import multiply, rsqrt, sqrt, square, subtract
from ...engine.ops.linear import matmul
from ...engine.ops.norms import centre
from ...engine.ops.reductions import mean
from ...engine.ops.shaping import swap_last
from ...kernels import OptionError
from ...kernels.device import to_device
from .pairwise import Pairwise, demand_one_width


class VICReg(Pairwise):
    """L = lambda s(a, b) + mu (v(a) + v(b)) / 2 + nu (c(a) + c(b)), with s = mean (a - b)^2,
    v(f) = mean_k [1 - sqrt(var_k + eps)]+ and c(f) = sum_{k != l} cov_kl^2 / d.

    Variances and covariances are over the N rows, divided by N - 1.
    Backward: a gets lambda 2 (a - b) / (N d); from v, -mu a~_k / (2 d (N - 1) sqrt(var_k +
    eps)) in each column k that varies less than 1 (a~ is a, centred); from c, 4 nu a~ C_off /
    (d (N - 1)), C_off the covariance without its diagonal. The last two know no other modality.
    At a column that does not vary the square root is smooth, thanks to eps.
    Shapes: features (B, d), of one d -> (). A pair with less than 2 rows counts 0.
    Raises: OptionError for a weight below 0 or an eps that is not above it, ShapeError for
    unequal widths.
    Differs: from the paper, and as in its authors' program: s is a mean over columns too, and v
    the mean of both, not their sum. More than two modalities give the mean over pairs.
    Source: Bardes et al. 2022, sec. 4.
    """

    needs = 2

    def __init__(
        self,
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
        *,
        eps: float = 1e-4,
    ) -> None:
        weights = (invariance, variance, covariance)
        if not min(weights) >= 0:
            got, repair = str(weights), "25, 25 and 1 are the paper's"
            raise OptionError("VICReg", "weights of 0 or more", got, repair)
        self.invariance, self.variance, self.covariance = weights
        self.eps = _above_0("VICReg", eps, "1e-4 is the paper's")

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        demand_one_width("VICReg", a, b)
        s = mean(square(subtract(a, b)))
        (v1, c1), (v2, c2) = self.spread(a), self.spread(b)
        return self.invariance * s + self.variance * (v1 + v2) / 2 + self.covariance * (c1 + c2)

    def spread(self, f: Tensor) -> tuple[Any, Any]:
        """v and c of one modality."""
        centred = centre(f, axis=0)
        n, d = f.shape
        C = matmul(swap_last(centred), centred) / (n - 1)
        var = sum_(square(centred), 0) / (n - 1)
        off = multiply(C, _off_diagonal(C))
        return mean(relu(1 - sqrt(var + self.eps))), sum_(square(off)) / d

    def extra_repr(self) -> str:
        weights = f"{self.invariance:g}, {self.variance:g}, {self.covariance:g}"
        return f"{weights}, eps={self.eps:g}"


class BarlowTwins(Pairwise):
    """L = sum_k (1 - C_kk)^2 + lambda sum_{k != l} C_kl^2, C = a^T b / N of features whose
    columns were centred and divided by sqrt(var + eps).

    Variances are over the N rows, divided by N.
    Backward: dC is -2 (1 - C_kk) on the diagonal and 2 lambda C_kl off it; a^ gets b^ dC^T / N,
    b^ gets a^ dC / N; through the normaliser, per column, (g - mean(g) - a^ mean(g a^)) /
    sqrt(var + eps), so that shift and, but for eps, scale of a column get nothing.
    Shapes: features (B, d), of one d -> (). A pair with less than 2 rows counts 0.
    Raises: OptionError for a lambda below 0 or an eps that is not above it, ShapeError for
    unequal widths.
    Differs: more than two modalities give the mean over pairs.
    Source: Zbontar et al. 2021, eq. 1-2; eps is that of its batch norm.
    """

    needs = 2

    def __init__(self, redundancy: float = 5e-3, *, eps: float = 1e-5) -> None:
        if not redundancy >= 0:
            got, repair = f"{redundancy}", "0.005 is the paper's"
            raise OptionError("BarlowTwins", "a redundancy of 0 or more", got, repair)
        self.redundancy, self.eps = redundancy, _above_0("BarlowTwins", eps, "1e-5 is usual")

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        demand_one_width("BarlowTwins", a, b)
        C = matmul(swap_last(self.normalised(a)), self.normalised(b)) / len(a)
        off = _off_diagonal(C)
        diagonal = multiply(subtract(1.0, C), 1 - off)
        return sum_(square(diagonal)) + self.redundancy * sum_(square(multiply(C, off)))

    def normalised(self, f: Tensor) -> Any:
        """Columns of mean 0 and, but for eps, variance 1."""
        centred = centre(f, axis=0)
        return multiply(centred, rsqrt(mean(square(centred), 0) + self.eps))

    def extra_repr(self) -> str:
        return f"{self.redundancy:g}, eps={self.eps:g}"


def _off_diagonal(C: Any) -> Any:
    """1 off the diagonal, 0 on it, as C."""
    return to_device(1 - np.eye(C.shape[0], dtype=C.dtype), C.device)


def _above_0(where: str, eps: float, repair: str) -> float:
    if not eps > 0:
        raise OptionError(where, "eps > 0", f"eps={eps}", repair)
    return eps
