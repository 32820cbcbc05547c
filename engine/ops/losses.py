"""Losses, element by element: rows of the table that no logit makes overflow or cancel.

x is a logit, or for `huber` what a prediction misses by. Cross-entropies are sums of terms of
one sign.
"""

from __future__ import annotations

from typing import Any

from ...kernels import words as w
from ..row import row
from .activations import ABOVE_0
from .elementwise import POSITIVE, REAL, logistic

SHARE = (0.05, 0.95)


def bce_of(x: Any, target: Any, pos_weight: Any) -> Any:
    """pos_weight target softplus(-x) + (1 - target) softplus(x)."""
    return pos_weight * target * w.softplus(0 - x) + (1 - target) * w.softplus(x)


def focal_of(x: Any, gamma: Any = 2.0) -> Any:
    """-(1 - p)**gamma log(p) with p = logistic(x)."""
    return w.exp(0 - gamma * w.softplus(x)) * w.softplus(0 - x)


def focal_slope(x: Any, gamma: Any) -> Any:
    """-(1 - p)**gamma (1 - p - gamma p log(p))."""
    fading = w.exp(0 - gamma * w.softplus(x))
    return 0 - fading * (logistic(0 - x) + gamma * logistic(x) * w.softplus(0 - x))


def huber_of(x: Any, delta: Any = 1.0) -> Any:
    """x**2 / 2 where |x| <= delta, beyond that delta (|x| - delta / 2)."""
    near = w.minimum(abs(x), delta)
    return near * (abs(x) - 0.5 * near)


def gaussian_of(x: Any, target: Any, var: Any) -> Any:
    """(log(var) + (x - target)**2 / var) / 2."""
    return 0.5 * (w.log(var) + (x - target) * ((x - target) / var))


def gaussian_var_slope(x: Any, target: Any, var: Any) -> Any:
    """(1 - (x - target)**2 / var) / (2 var)."""
    return 0.5 * (1 - (x - target) * ((x - target) / var)) / var


bce_with_logits = row(
    "bce_with_logits",
    bce_of,
    lambda x, target, pos_weight: (
        (1 - target) * logistic(x) - pos_weight * target * logistic(0 - x)
    ),
    lambda x, pos_weight: pos_weight * w.softplus(0 - x) - w.softplus(x),
    lambda x, target: target * w.softplus(0 - x),
    domain=(REAL, SHARE, ABOVE_0),
)
focal = row(
    "focal",
    focal_of,
    focal_slope,
    lambda y, x: 0 - y * w.softplus(x),
    domain=(REAL, ABOVE_0),
)
# On |x| = delta the two pieces meet with one slope.
huber = row(
    "huber",
    huber_of,
    lambda x, delta: w.maximum(w.minimum(x, delta), 0 - delta),
    lambda x, delta: w.maximum(abs(x) - delta, 0),
    domain=(REAL, ABOVE_0),
)
gaussian_nll = row(
    "gaussian_nll",
    gaussian_of,
    lambda x, target, var: (x - target) / var,
    lambda x, target, var: (target - x) / var,
    gaussian_var_slope,
    domain=(REAL, REAL, POSITIVE),
)
# x log(x), by continuity 0 at 0, where its slope is that of the logarithm, -inf.
xlogx = row(
    "xlogx",
    lambda x: x * w.log(w.where(x == 0, 1, x)),
    lambda x: w.log(x) + 1,
    domain=POSITIVE,
)
