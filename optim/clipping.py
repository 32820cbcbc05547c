"""Gradients kept within bounds, between backward and step.

A gradient is replaced, never written over: it may be somebody else's array.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.sparse import SparseRows
from ..kernels import OptionError, lift
from ..kernels.reduce import euclidean
from ..kernels.shape import astype
from ..kernels.words import maximum, minimum
from .parameters import Params, listed, parameters_of

clipped = lift(lambda g, *, limit: maximum(minimum(g, limit), -limit), "clipped")
scaled = lift(lambda g, *, factor: factor * g, "scaled")


def clip_grad_value_(parameters: Params, clip_value: float) -> None:
    """Every element of every gradient into [-clip_value, clip_value]; nan stays nan.

    Raises: OptionError for a bound that is negative or no number.

    >>> p = Tensor([1.0, 2.0], requires_grad=True)
    >>> p.grad = Tensor([0.5, -30.0])
    >>> clip_grad_value_(p, 1.0)
    >>> p.grad
    Tensor([ 0.5, -1. ])
    """
    _check("clip_grad_value_", "clip_value", clip_value)
    for p in _with_gradients("clip_grad_value_", parameters):
        p.grad = _like(p.grad, clipped(p.grad.data, limit=float(clip_value)))


def clip_grad_norm_(parameters: Params, max_norm: float) -> float:
    """All gradients together scaled to a norm of at most max_norm; gives their norm before.

    Differs: gradients of which one is nan or inf stay as they are (PyTorch makes all of them
    nan), so that `skip_non_finite` still tells them; a gradient within the bound keeps its
    bits; there is no 1e-6 in the quotient. Raises: OptionError for a bound that is negative or
    no number. Source: Pascanu, Mikolov & Bengio 2013, Algorithm 1.

    >>> p = Tensor([0.0, 0.0], requires_grad=True)
    >>> p.grad = Tensor([3.0, 4.0])
    >>> clip_grad_norm_(p, 1.0)
    5.0
    >>> p.grad
    Tensor([0.6, 0.8])
    """
    _check("clip_grad_norm_", "max_norm", max_norm)
    held = _with_gradients("clip_grad_norm_", parameters)
    norm = math.hypot(*(float(euclidean(_wide(p.grad.data))) for p in held))
    if math.isfinite(norm) and norm > max_norm:
        for p in held:
            shorter = scaled(_wide(p.grad.data), factor=max_norm / norm)
            p.grad = _like(p.grad, astype(shorter, dtype=p.grad.data.dtype))
    return norm


def _wide(x: Any) -> Any:
    """Half precision in single: its squares, and small factors, need the room."""
    return astype(x, dtype=np.float32) if x.dtype.itemsize < 4 else x


def _with_gradients(where: str, parameters: Any) -> list[Any]:
    items = listed(where, parameters)
    groups = items if items and isinstance(items[0], Mapping) else [{"params": items}]
    found = [p for group in groups for p in parameters_of(where, group)]
    return [p for p in found if p.grad is not None]


def _like(g: Any, data: Any) -> Any:
    return SparseRows(g.indices, data, g.shape) if isinstance(g, SparseRows) else Tensor(data)


def _check(where: str, name: str, bound: Any) -> None:
    if not (isinstance(bound, Real) and float(bound) >= 0):
        raise OptionError(where, f"{name} >= 0", f"{name}={bound!r}", "give a positive bound")
