"""Softmax and what is made of it: kernels that normalise along an axis, and their gradients.

Exponentials are taken with the largest left out. Large rows go through compiled loops
(`loops/rows.py`), those of a GPU through `row_rules.py`; the formulas here are the reference
of both. float16 is computed in float32
and rounded once, at the end.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .by_rows import Axis, are_large, empty, kept, row_length, run
from .device import module_of
from .kernel import kernel
from .reduce import average, floats, folded, rounded

SHORT = 32  # elements; NumPy folds shorter rows one by one, but columns with vectors


# ---- what these kernels share ---------------------------------------------------------------
def _is_short(x: Any, axis: Axis) -> bool:
    is_last = axis.__class__ is int and x.ndim == 2 and axis in (-1, 1)
    return is_last and x.__class__ is np.ndarray and 0 < x.shape[1] < SHORT


@cache
def _largest(dtype: Any) -> float:
    return float(np.finfo(dtype).max)


def _shift(x: Any, axis: Axis) -> Any:
    """The largest along axes, or the float next to it where that is infinite: then exp neither
    overflows nor makes a nan of inf - inf."""
    xp = module_of(x)
    if not x.size:
        return x.sum(axis=axis, keepdims=True)  # CuPy's max has no initial value
    if _is_short(x, axis):
        top = x.T.copy().max(axis=0)[:, None]
    else:
        top = x.max(axis=axis, keepdims=True)
    limit = _largest(x.dtype)
    return xp.minimum(xp.maximum(top, -limit), limit)


@cache
def _ones(count: int, dtype: Any) -> Any:
    return np.ones((count, 1), dtype)


def _total(x: Any, axis: Axis) -> Any:
    """The sum along axes, which are kept; of short rows as a product."""
    if _is_short(x, axis):
        return x @ _ones(x.shape[1], x.dtype)
    return x.sum(axis=axis, keepdims=True)


def _rows(axis: Axis, first: Any, *others: Any) -> int:
    """The length of the rows that loops take of these arrays; 0 where NumPy takes them."""
    if not are_large(first, *others) or any([x.shape != first.shape for x in others]):
        return 0
    return row_length(first.shape, axis)


def _in_rows(name: str, n: int, *given: Any) -> Any:
    """A function of rows to rows, of `loops/rows.py`."""
    out = empty(given[0].shape, given[0].dtype, given[0])
    run("rows", name, tuple([x.reshape(-1, n) for x in given]), (out.reshape(-1, n),))
    return out


# ---- values ---------------------------------------------------------------------------------
@kernel
def logsumexp(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axes."""
    xp, z = module_of(x), floats(x)
    if n := _rows(axis, z):
        y = empty(kept(z.shape, axis), z.dtype, z)
        run("rows", "logsumexp", (z.reshape(-1, n),), (y.reshape(-1),))
    else:
        shift = _shift(z, axis)
        y = xp.log(_total(xp.exp(z - shift), axis)) + shift
    return folded(y, x, axis, keepdims)


@kernel
def softmax(x: Any, *, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along one axis."""
    if n := _rows(axis, x):
        return _in_rows("softmax", n, x)
    z = floats(x)
    e = module_of(x).exp(z - _shift(z, axis))
    e /= _total(e, axis)
    return rounded(e, x)


@kernel
def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """x - log(sum(exp(x))) along one axis."""
    if n := _rows(axis, x):
        return _in_rows("log_softmax", n, x)
    xp, z = module_of(x), floats(x)
    z = z - _shift(z, axis)
    z -= xp.log(_total(xp.exp(z), axis))
    return rounded(z, x)


@kernel
def cross_entropy(logits: Any, labels: Any, *, reduction: str = "none") -> Any:
    """-log softmax(logits)[label] of each row, or their sum or mean. Shapes: (N, C), (N,) ->
    (N,) or (). Units: nats."""
    z = floats(logits)
    if n := _rows(-1, z):
        losses = empty((len(z),), z.dtype, z)
        run("rows", "cross_entropy", (z.reshape(-1, n), _whole(labels)), (losses,))
    else:
        xp = module_of(z)
        z = z - _shift(z, -1)
        picked = z[xp.arange(len(z)), xp.asarray(labels)]
        losses = xp.log(_total(xp.exp(z), -1)[:, 0]) - picked
    if reduction == "none":
        return rounded(losses, logits)
    return rounded(losses.sum() if reduction == "sum" else average(losses, None, False), logits)


def _whole(labels: Any) -> Any:
    return labels.astype(np.int64, copy=False)


def are_labels(labels: Any, classes: int) -> bool:
    """Whether whole numbers are in [0, classes): one fold, for read without its sign a negative
    number is large."""
    if not labels.size:
        return True
    if labels.__class__ is not np.ndarray:
        return bool(labels.min() >= 0 and labels.max() < classes)
    return bool(labels.view(f"u{labels.itemsize}").max() < classes)


# ---- gradients ------------------------------------------------------------------------------
@kernel
def logsumexp_vjp(g: Any, x: Any, y: Any, input_shape: Any, axis: tuple[int, ...]) -> Any:
    """g exp(x - y), g and y repeated along the axes that were folded."""
    n = _rows(axis, x)
    if n and x.shape == input_shape and x.dtype == g.dtype == y.dtype:
        out = empty(x.shape, x.dtype, x)
        given = (g.reshape(-1), x.reshape(-1, n), y.reshape(-1))
        run("rows", "logsumexp_vjp", given, (out.reshape(-1, n),))
        return out
    g, y = g.reshape(kept(input_shape, axis)), y.reshape(kept(x.shape, axis))
    xp = module_of(x)
    finite = xp.where(y > -np.inf, y, xp.zeros_like(y))  # nothing but -inf has nothing to share
    return g * xp.exp(x - finite)


@kernel
def softmax_vjp(g: Any, y: Any, axis: int) -> Any:
    """y (g - <g, y>): the Jacobian is diag(y) - y y^T, its own transpose."""
    if n := _rows(axis, g, y):
        return _in_rows("softmax_vjp", n, g, y)
    a, p = floats(g), floats(y)
    return rounded(p * (a - _total(a * p, axis)), g)


@kernel
def log_softmax_vjp(g: Any, y: Any, axis: int) -> Any:
    """g - exp(y) sum(g)."""
    if n := _rows(axis, g, y):
        return _in_rows("log_softmax_vjp", n, g, y)
    a = floats(g)
    return rounded(a - module_of(y).exp(floats(y)) * _total(a, axis), g)


@kernel
def cross_entropy_vjp(g: Any, logits: Any, labels: Any, reduction: str) -> Any:
    """(softmax(logits) - onehot(labels)) g, row by row; a mean passes g / N to each."""
    xp, a, z = module_of(logits), floats(g), floats(logits)
    if reduction == "mean":
        a = a / max(len(z), 1)
    if (n := _rows(-1, z)) and a.dtype == z.dtype:
        out = empty(z.shape, z.dtype, z)
        each = xp.ascontiguousarray(xp.broadcast_to(a, len(z)))
        run("rows", "cross_entropy_vjp", (each, z.reshape(-1, n), _whole(labels)), (out,))
        return rounded(out, logits)
    e = xp.exp(z - _shift(z, -1))
    e /= _total(e, -1)
    e[xp.arange(len(z)), xp.asarray(labels)] -= 1
    e *= a if a.ndim == 0 else a[:, None]
    return rounded(e, logits)
