"""Cosines between features, safe at features that are 0."""

from __future__ import annotations

from typing import Any

from ...engine.ops.elementwise import hypot, ratio
from ...engine.ops.linear import matmul
from ...engine.ops.norms import norm
from ...engine.ops.shaping import swap_last
from ...kernels import OptionError

EPS = 1e-6


def unit(x: Any, eps: float = EPS, axis: int = -1) -> Any:
    """u = x / sqrt(|x|^2 + eps^2): length 1, and at x = 0 smoothly 0. eps = 0 gives x / |x|.

    A length of 1 is off by eps^2 / 2, which is 5e-13. Where eps = 0, the vector 0 stays 0 and
    passes nothing back. Units: eps is a length.
    Backward: dx = (g - (g . u) u) / sqrt(|x|^2 + eps^2), at x = 0 no more than g / eps.
    Shapes: (..., d) -> (..., d), d along `axis`.
    Differs: torch's normalize divides by max(|x|, 1e-12), which has a slope of 1e12 at 0.
    """
    return ratio(x, hypot(norm(x, axis=axis, keepdims=True), eps))


def cosines(a: Any, b: Any, eps: float = EPS) -> Any:
    """S_ij, the cosine of the angle between a_i and b_j. Shapes: (N, d), (K, d) -> (N, K)."""
    return matmul(unit(a, eps), swap_last(unit(b, eps)))


def check_eps(where: str, eps: float) -> float:
    """eps. Raises: OptionError where it is negative."""
    if not eps >= 0:
        raise OptionError(where, "eps >= 0", f"eps={eps}", "1e-6 is the default")
    return eps
