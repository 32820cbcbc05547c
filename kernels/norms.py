"""Normalisation over axes, with a weight and a bias: a kernel, and its gradients.

Large arrays go through compiled loops (`loops/norms.py`), which the formulas here are the
reference of; float16 is computed in float32 and rounded once, at the end. One pass finds what
all three gradients need: what is not asked for yet waits in `_left`.
"""

from __future__ import annotations

import math
import threading
import weakref
from typing import Any

import numpy as np

from .by_rows import (
    are_alike,
    are_large,
    empty,
    kept,
    parts,
    read_only,
    row_length,
    run,
    sums_in,
)
from .compiled import loops
from .device import module_of
from .kernel import kernel
from .reduce import average, centred, floats, rounded

Axes = tuple[int, ...]
Scale = Any  # an array, or a float
SHORTEST = 16  # elements of a channel that loops take at a time


# ---- formulas -------------------------------------------------------------------------------
def _deviations(x: Any, axis: Axes, eps: float, is_centred: bool) -> tuple[Any, Any]:
    """What is left of x without its mean, and 1 / sqrt(mean square + eps)."""
    z = floats(x)
    rest = centred(z, axis) if is_centred else z
    return rest, 1 / module_of(z).sqrt(average(rest * rest, axis, True) + eps)


def _is(scale: Scale, number: float) -> bool:
    return scale.__class__ is float and scale == number


def _in_dtype_of(y: Any, *given: Any) -> Any:
    dtype = np.result_type(*[a.dtype for a in given if hasattr(a, "dtype")])
    return y.astype(dtype, copy=False)


def _beside(x: Any, *others: Any) -> Any:
    """x in the dtype of all together, so that what is finer among them stays so."""
    return x.astype(
        np.result_type(x, *[a.dtype for a in others if hasattr(a, "dtype")]), copy=False
    )


# ---- which loops fit ------------------------------------------------------------------------
def _fits(scale: Scale, shape: tuple[int, ...], like: Any) -> bool:
    return scale.__class__ is float or (are_alike(like, scale) and scale.shape == shape)


def _as_rows(x: Any, axis: Axes, *scales: Scale) -> tuple[int, ...]:
    """The last axes of x that scales belong to, where x is rows that are each normalised, and
    some of them together take all of the scales; () where it is not."""
    if not are_large(x) or not row_length(x.shape, axis):
        return ()
    arrays = [s for s in scales if s.__class__ is not float]
    block = x.shape[-max([len(axis), *[s.ndim for s in arrays]]) :]
    fits = [are_alike(x, s) and np.broadcast_shapes(s.shape, block) == block for s in arrays]
    return block if all(fits) else ()


def _as_channels(x: Any, axis: Axes, *scales: Scale) -> tuple[int, ...]:
    """x as (examples, channels, positions), a scale for each channel; () where it is not."""
    left = [i for i in range(x.ndim) if i not in axis]
    if not are_large(x) or not left or left != list(range(left[0], left[-1] + 1)):
        return ()
    beside = (*(x.shape[i] for i in left), *(1 for _ in x.shape[left[-1] + 1 :]))
    shape = (math.prod(x.shape[: left[0]]), math.prod(beside), -1)
    long_enough = x.size // (shape[0] * shape[1]) >= SHORTEST
    return shape if long_enough and all([_fits(s, beside, x) for s in scales]) else ()


def _vector(scale: Scale, n: int, x: Any) -> Any:
    is_number = scale.__class__ is float
    return module_of(x).full(n, scale, x.dtype) if is_number else scale.reshape(-1)


def _in_turns(scale: Scale, block: tuple[int, ...], n: int, x: Any) -> Any:
    xp = module_of(x)
    return xp.broadcast_to(xp.asarray(scale, x.dtype), block).reshape(-1, n)


# ---- kernels --------------------------------------------------------------------------------
@kernel
def normalise(
    x: Any, weight: Scale, bias: Scale, *, axis: Axes, eps: float, is_centred: bool
) -> Any:
    """(x - mean) / sqrt(var + eps) weight + bias, mean and var over axes; without a mean the
    root of the mean square stands below. Weight and bias are arrays or floats."""
    if block := _as_rows(x, axis, weight, bias):
        out, n = empty(x.shape, x.dtype, x), row_length(x.shape, axis)
        scales = [_in_turns(s, block, n, x) for s in (weight, bias)]
        given = (x.reshape(-1, n), *scales, eps, is_centred)
        run("norms", "layer_norm", given, (out.reshape(-1, n),))
        return out
    if is_centred and (shape := _as_channels(x, axis, weight, bias)):
        out, n = empty(x.shape, x.dtype, x), shape[1]
        scales = [_vector(s, n, x) for s in (weight, bias)]
        run("norms", "channel_norm", (x.reshape(shape), *scales, eps), (out.reshape(shape),))
        return out
    y, scale = _deviations(_beside(x, weight, bias), axis, eps, is_centred)
    y = y * scale
    y = y if _is(weight, 1) else y * weight
    y = y if _is(bias, 0) else y + bias
    return _in_dtype_of(y, x, weight, bias)


@kernel
def moments(x: Any, *, axis: Axes) -> Any:
    """Mean and variance over axes, which are kept, one behind the other."""
    if x.__class__ is np.ndarray and (shape := _as_channels(x, axis)):
        shift, (mean, var) = np.empty(shape[1], x.dtype), np.empty((2, shape[1]))
        loops("norms").moments(read_only(x.reshape(shape)), 0, shift, mean, var)
        found = np.array([shift + mean, var], x.dtype)
        return found.reshape(2, *kept(x.shape, axis))
    z = floats(x)
    rest = centred(z, axis)
    first = tuple([slice(0, 1) if i in axis else slice(None) for i in range(x.ndim)])
    return module_of(x).stack([z[first] - rest[first], average(rest * rest, axis, True)])


# ---- gradients ------------------------------------------------------------------------------
class _Left(threading.local):
    """What the last pass over a gradient found beside what it was asked for. Vjps of one node
    run one after the other, with the same arrays, so that it is asked for next or never."""

    def __init__(self) -> None:
        self.key: tuple[Any, ...] = ()
        self.parts: dict[str, Any] = {}

    def leave(self, key: tuple[Any, ...], parts: dict[str, Any]) -> None:
        g, x, *settings = key
        self.key, self.parts = (weakref.ref(g), weakref.ref(x), *settings), parts

    def take(self, name: str, key: tuple[Any, ...]) -> Any:
        if not self.parts or self.key[2:] != key[2:]:
            return None
        is_same = self.key[0]() is key[0] and self.key[1]() is key[1]
        return self.parts.pop(name, None) if is_same else None


_left = _Left()


def _by_loops(name: str, g: Any, x: Any, weight: Scale, *settings: Any) -> Any:
    """One of the gradients "x", "weight" and "bias", which loops find together; None where
    loops do not fit."""
    axis, eps, is_centred = settings
    if not are_large(x, g) or g.shape != x.shape:
        return None
    key = (g, x, *settings)
    if name != "x" and (held := _left.take(name, key)) is not None:
        return held
    if block := _as_rows(x, axis, weight):
        found = _of_rows(block, row_length(x.shape, axis), g, x, weight, eps, is_centred)
    elif is_centred and (shape := _as_channels(x, axis, weight)):
        found = _of_channels(shape, g, x, weight, eps)
    else:
        return None
    given = found.pop(name)
    found.pop("x", None)  # which is large, and was not asked for
    _left.leave(key, found)
    return given


def _of_rows(
    block: tuple[int, ...], n: int, g: Any, x: Any, weight: Scale, eps: float, is_centred: bool
) -> dict[str, Any]:
    dx, rows = empty(x.shape, x.dtype, x), x.reshape(-1, n)
    weight = _in_turns(weight, block, n, x)
    dw, db = (empty((parts(rows, len(weight)), *weight.shape), sums_in(x), x) for _ in "wb")
    given = (g.reshape(-1, n), rows, weight, eps, is_centred)
    run("norms", "layer_norm_vjp", given, (dx.reshape(-1, n), dw, db))
    dw, db = (d.sum(axis=0).reshape(block).astype(x.dtype, copy=False) for d in (dw, db))
    return {"x": dx, "weight": dw, "bias": db}


def _of_channels(
    shape: tuple[int, ...], g: Any, x: Any, weight: Scale, eps: float
) -> dict[str, Any]:
    n, dx = shape[1], empty(x.shape, x.dtype, x)
    dw, db = empty((n,), x.dtype, x), empty((n,), x.dtype, x)
    given = (g.reshape(shape), x.reshape(shape), _vector(weight, n, x), eps)
    run("norms", "channel_norm_vjp", given, (dx.reshape(shape), dw, db))
    if weight.__class__ is not float:
        dw, db = dw.reshape(weight.shape), db.reshape(weight.shape)
    return {"x": dx, "weight": dw, "bias": db}


@kernel
def normalise_vjp(
    g: Any, x: Any, weight: Scale, axis: Axes, eps: float, is_centred: bool
) -> Any:
    """With u = g weight and h the x that was normalised: (u - mean(u) - h mean(u h)) / size,
    where size = sqrt(var + eps); without a mean, mean(u) stays."""
    found = _by_loops("x", g, x, weight, axis, eps, is_centred)
    if found is not None:
        return found
    rest, scale = _deviations(_beside(x, g, weight), axis, eps, is_centred)
    h, u = rest * scale, floats(g)
    if not _is(weight, 1):
        u = u * weight
        _left.leave((g, x, axis, eps, is_centred), {"h": h})
    slope = average(u * h, axis, True)
    u = centred(u, axis) if is_centred else u
    return rounded((u - h * slope) * scale, x)


@kernel
def normalise_vjp_weight(
    g: Any, x: Any, weight: Scale, axis: Axes, eps: float, is_centred: bool
) -> Any:
    """g h, summed over examples or not yet."""
    found = _by_loops("weight", g, x, weight, axis, eps, is_centred)
    if found is not None:
        return found
    h = _left.take("h", (g, x, axis, eps, is_centred))
    if h is None:
        rest, scale = _deviations(_beside(x, g, weight), axis, eps, is_centred)
        h = rest * scale
    return rounded(floats(g) * h, g)


@kernel
def normalise_vjp_bias(
    g: Any, x: Any, weight: Scale, axis: Axes, eps: float, is_centred: bool
) -> Any:
    """g, summed over examples or not yet."""
    found = _by_loops("bias", g, x, weight, axis, eps, is_centred)
    return g if found is None else found
