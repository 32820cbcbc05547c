"""Canonical correlation: three objectives that are often taken for one, each by its own name.

With H the centred features of N rows, S_mn = H_m^T H_n / (N - 1), and S_mm + r I in the place
of S_mm, T = S_11^-1/2 S_12 S_22^-1/2 has the canonical correlations rho for singular values.

No inverse root is ever taken: [H; sqrt((N - 1) r) I] = Q R, and Q_1^T Q_2, of the first N rows
of each, is T up to rotations. This neither squares the condition of H nor divides by
differences of eigenvalues, so that equal correlations and fewer rows than columns do no harm.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.broadcast import sum_
from ...engine.ops.decompositions import qr
from ...engine.ops.diagonals import diagonal
from ...engine.ops.elementwise import absolute, greater, multiply, negative, square, where
from ...engine.ops.linear import matmul
from ...engine.ops.norms import centre
from ...engine.ops.reductions import max_
from ...engine.ops.shaping import concat, data_of, swap_last
from ...engine.ops.spectral import svdvals
from ...kernels import OptionError
from ...kernels.device import to_device
from .pairwise import Pairwise, demand_one_width

RIDGE = 1e-4
ROUNDING = 16.0  # below so many units of the last place a correlation is 0, and has no slope


class Correlated(Pairwise):
    """Base of what maximises canonical correlations: the ridge r, and how many count, `top`.

    Raises: OptionError for a ridge below 0, for a top that is no number of correlations of a
    pair, and, where the ridge is 0, for columns that depend on each other.
    """

    needs = 2  # one row has no variance

    def __init__(self, top: int | None = None, *, ridge: float = RIDGE) -> None:
        where_ = type(self).__name__
        if not ridge >= 0:
            raise OptionError(where_, "ridge >= 0", f"ridge={ridge}", "1e-4 is the default")
        if top is not None and not (isinstance(top, int) and top >= 1):
            raise OptionError(where_, "top of 1 or more", f"{top!r}", "None counts all")
        self.top, self.ridge = top, ridge

    def correlations(self, a: Tensor, b: Tensor) -> Any:
        """The `top` largest singular values of T, falling. Shapes: -> (top,)."""
        T = self.coherence(a, b)
        most = min(T.shape)
        if self.top is not None and self.top > most:
            expected, repair = (
                f"top in [1, {most}]",
                "a pair has as many as its narrower branch",
            )
            raise OptionError(type(self).__name__, expected, f"{self.top}", repair)
        size = max_(absolute(T))  # 0, where what is left of all would not bear a division
        T = where(greater(size, float(np.finfo(T.dtype).tiny) ** 0.5), T, 0.0)
        rho = svdvals(T)[: self.top]
        unit = ROUNDING * max(T.shape) * float(np.finfo(rho.dtype).eps)
        return where(greater(rho, unit), rho, 0.0)

    def coherence(self, a: Tensor, b: Tensor) -> Any:
        """T, up to a rotation on either side. Shapes: (N, d_a), (N, d_b) -> (d_a, d_b)."""
        # Centred again: what rounding left of the mean of large features is no correlation.
        Q1, Q2 = (centre(self._basis(x), axis=0) for x in (a, b))
        return matmul(swap_last(Q1), Q2)

    def _basis(self, x: Tensor) -> Any:
        """Q of [H; sqrt((N - 1) r) I] = Q R, its first N rows. Shapes: (N, d) -> (N, d)."""
        n, d = x.shape
        H = centre(x, axis=0)
        if not self.ridge:
            return self._plain_basis(H)
        root = math.sqrt((n - 1) * self.ridge)
        below = to_device(root * np.eye(d, dtype=x.dtype), x.device)
        return qr(concat([H, below])).Q[:n]

    def _plain_basis(self, H: Any) -> Any:
        n, d = H.shape
        found = qr(H) if n > d else None
        if found is not None:
            size = abs(data_of(diagonal(found.R)))
            if float(size.min()) > n * float(np.finfo(H.dtype).eps) * float(size.max()):
                return found.Q
        got = f"ridge=0 with dependent columns in {n} rows of width {d}"
        repair = "give more rows than columns, or a ridge above 0"
        raise OptionError(type(self).__name__, "independent columns", got, repair)

    def extra_repr(self) -> str:
        return f"top={self.top}, ridge={self.ridge:g}"


class SumOfCorrelations(Correlated):
    """L = -sum rho = -|T|_*, the sum of the singular values of T, or of the `top` largest.

    Backward: with T = U D V^T, dH_1 = (2 H_1 G_11 + H_2 G_12^T) / (N - 1), where -G_12 =
    S_11^-1/2 U V^T S_22^-1/2 and G_11 = 1/2 S_11^-1/2 U D U^T S_11^-1/2; dH_2 with 1 and 2
    exchanged. Every row moves every other. Where a correlation is 0 the sum has a kink; such a
    correlation passes nothing.
    Shapes: features (B, d_m), of any widths -> (). A pair with less than 2 rows counts 0.
    Raises: as in `Correlated`.
    Differs: from other programs of this name: |T|_F, the root of the sum of squares, is not it;
    nor is the trace of elementwise roots; and `top` takes the largest. More than two modalities
    give the mean over pairs.
    Source: Hotelling 1936; Andrew et al. 2013, sec. 3 (deep CCA).
    """

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        return negative(sum_(self.correlations(a, b)))


class SumOfSquaredCorrelations(Correlated):
    """L = -sum rho^2 = -|T|_F^2, or the squares of the `top` largest alone.

    Backward: as in `SumOfCorrelations` with 2 U D V^T for U V^T, and 2 U D^2 U^T for U D U^T;
    smooth everywhere, and weak where correlations are weak.
    Shapes: features (B, d_m), of any widths -> (). A pair with less than 2 rows counts 0.
    Raises: as in `Correlated`.
    Differs: from Andrew et al. 2013, whose objective is the sum of rho. More than two
    modalities give the mean over pairs.
    Source: Hotelling 1936; Bach & Jordan 2002 (correlations as eigenvalues).
    """

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        terms = self.coherence(a, b) if self.top is None else self.correlations(a, b)
        return negative(sum_(square(terms)))


class EY(Pairwise):
    """L = -2 tr C + tr(V V), C = S_12, V = (S_11 + S_22) / 2: no inverse, no eigenvalue.

    Over all linear maps into this width its least value is -sum rho^2, of the largest rho, and
    there the features are canonical variables.
    Backward: dH_1 = (-2 H_2 + 2 H_1 V) / (N - 1), and dH_2 alike: pulled to the other, held
    back by the mean of both covariances. A polynomial: smooth everywhere.
    Shapes: features (B, d), of one d -> (). A pair with less than 2 rows counts 0.
    Raises: ShapeError for unequal widths.
    Differs: from the paper: V of the same batch stands on both sides of the product, which is
    biased in small batches; more than two modalities give the mean over pairs.
    Source: Chapman et al. 2024, "Unconstrained Stochastic CCA".
    """

    needs = 2

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        demand_one_width("EY", a, b)
        H1, H2, rest = centre(a, axis=0), centre(b, axis=0), len(a) - 1
        V = (matmul(swap_last(H1), H1) + matmul(swap_last(H2), H2)) / (2 * rest)
        return sum_(square(V)) - 2 * sum_(multiply(H1, H2)) / rest
