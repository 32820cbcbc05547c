"""Kernels that fold axes, and those that normalise along one."""

from __future__ import annotations

import math
from typing import Any

from .device import module_of
from .kernel import kernel

Axis = int | tuple[int, ...] | None


@kernel
def sum_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over axes."""
    return x.sum(axis=axis, keepdims=keepdims, dtype=_wide(x))


@kernel
def mean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over axes; nan where nothing is averaged. Small integers do not overflow."""
    total = x.sum(axis=axis, keepdims=keepdims)
    count = x.size / total.size if total.size else 1
    return total / (count or float("nan"))


@kernel
def max_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest over axes; a nan wins."""
    return x.max(axis=axis, keepdims=keepdims)


def _wide(x: Any) -> Any:
    """Integers and floats add up in their own dtype; truth values are counted."""
    return None if x.dtype == bool else x.dtype


def _shift(x: Any, axis: Axis) -> Any:
    """The largest along axes, or 0 where it is not finite: then exp neither overflows nor makes
    a nan of inf - inf."""
    xp = module_of(x)
    x = x.astype(xp.result_type(x, 0.0), copy=False)  # integers have no -inf
    if not x.size:
        return x.sum(axis=axis, keepdims=True)  # CuPy's max has no initial value
    top = x.max(axis=axis, keepdims=True)
    return xp.where(xp.isfinite(top), top, xp.zeros_like(top))


@kernel
def logsumexp(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) with the largest taken out first."""
    xp = module_of(x)
    shift = _shift(x, axis)
    y = xp.log(xp.exp(x - shift).sum(axis=axis, keepdims=True)) + shift
    return y if keepdims else y.squeeze() if axis is None else y.squeeze(axis)


@kernel
def softmax(x: Any, *, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along one axis."""
    e = module_of(x).exp(x - _shift(x, axis))
    return e / e.sum(axis=axis, keepdims=True)


@kernel
def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """x - log(sum(exp(x))) along one axis."""
    xp = module_of(x)
    z = x - _shift(x, axis)
    return z - xp.log(xp.exp(z).sum(axis=axis, keepdims=True))


@kernel
def cross_entropy(logits: Any, labels: Any) -> Any:
    """-log softmax(logits)[label] of each row. Shapes: (N, C), (N,) -> (N,). Units: nats."""
    xp = module_of(logits)
    z = logits - _shift(logits, -1)
    return xp.log(xp.exp(z).sum(axis=-1)) - z[xp.arange(len(z)), xp.asarray(labels)]


@kernel
def norm(*arrays: Any) -> float:
    """The Euclidean norm of all elements of all arrays together, summed in float64."""
    return math.sqrt(_sum_of_squares(arrays))


@kernel
def distance(these: Any, those: Any) -> float:
    """The Euclidean distance between two lists of arrays, summed in float64."""
    return math.sqrt(_sum_of_squares([a - b for a, b in zip(these, those, strict=True)]))


def _sum_of_squares(arrays: Any) -> float:
    return sum(float((a.astype("float64") ** 2).sum()) for a in arrays)
