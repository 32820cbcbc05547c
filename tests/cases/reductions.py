"""Folding axes and going along one: what lies beyond sum, mean, max and logsumexp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad.engine.ops.norms import centre, norm, std, var
from fusegrad.engine.ops.queries import any_, argmax, argmin
from fusegrad.engine.ops.reductions import min_
from fusegrad.engine.ops.scans import cumprod, cumsum, linear_recurrence, prod
from fusegrad.engine.ops.sorting import median, sort, topk
from fusegrad.kernels import OptionError, ShapeError
from tests import ops_sample as sample
from tests.cases.basic import FILLED, FOLD, A, B
from tests.cases.operation import Operation

MP = sample.MP
ROOT = sample.each(MP.sqrt)
SOME = [use for use in FOLD if 0 not in use[0][0]]
ENOUGH = [use for use in SOME if use[0][0] and use[1][0] != ()]  # more than one
P_NORMS = [(s, (p, *a)) for p in (0.5, 1.5, 3) for s, a in SOME[::3]]
P_NORMS.append((((0, 2),), (3, 1, False)))
ALONG = [((s,), (a,)) for s, a in [
    ((4,), 0), (B, None), (A, -2), (A, 0), ((), None), ((0, 2), 0), ((0, 2), 1), ((2, 1), 1)]
]  # fmt: skip
RECUR = [((s, t), (a,)) for s, t, a in [
    ((4,), (4,), 0), (B, B, 0), (A, A, -2), (A, A, 2), ((), (3,), 0), ((2, 1), B, -1),
    ((3,), A[:2], 1), ((4,), (), 0), ((0, 2), (0, 2), 0), ((1, 2), (1, 2), 0)]
]  # fmt: skip


# ---- in 50 digits ---------------------------------------------------------------------------
def rest(x: Any, a: Any) -> Any:
    return x - sample.mean(x, a, True)


def variance(x: Any, ddof: float, a: Any, k: bool) -> Any:
    total = np.asarray((rest(x, a) ** 2).sum(a, keepdims=k))
    return total / (x.size // total.size - ddof) if total.size else total


def size_of(x: Any, p: float, a: Any, k: bool) -> Any:
    whole = (sample.each(lambda v: abs(v) ** MP.mpf(p))(x)).sum(a, keepdims=k)
    return sample.each(lambda v: v ** (1 / MP.mpf(p)))(whole)


def recurrence(x: Any, y: Any, axis: int) -> Any:
    x, y = (v + np.full(np.broadcast_shapes(x.shape, y.shape), MP.mpf(0)) for v in (x, y))
    x, y = np.moveaxis(x, axis, 0), np.moveaxis(y.copy(), axis, 0)
    for i in range(1, len(y)):
        y[i] = x[i] * y[i - 1] + y[i]
    return np.moveaxis(y, 0, axis)


# ---- in PyTorch -----------------------------------------------------------------------------
def folding(fold: Callable[..., Any]) -> Callable[..., Any]:
    """A fold of PyTorch over exactly these axes: none at all would mean every one to it."""

    def folded(torch: Any, x: Any, *params: Any) -> Any:
        *more, axes, keepdims = params
        axes = tuple(range(x.ndim)) if axes is None else axes
        axes = (axes,) if isinstance(axes, int) else axes
        if not axes:
            return fold(torch, x[..., None], (-1,), False, *more)
        return fold(torch, x, axes, keepdims, *more)

    return folded


def product(torch: Any, x: Any, axes: Any, keepdims: bool) -> Any:
    for a in sorted((a % x.ndim for a in axes), reverse=True):
        x = x.prod(a, keepdim=keepdims)
    return x


def deviation(f: str) -> Callable[..., Any]:
    """var or std, which warn PyTorch's users of an empty x."""
    return lambda torch, x, a, k, d: (
        getattr(x, f)(a, correction=d, keepdim=k) if x.numel() else x.sum(a, k)
    )


def looped(torch: Any, x: Any, y: Any, axis: int) -> Any:
    x, y = (v.movedim(axis, 0) for v in torch.broadcast_tensors(x, y))
    steps = [y[0]] if len(y) else []
    for i in range(1, len(y)):
        steps.append(x[i] * steps[-1] + y[i])
    return (torch.stack(steps) if steps else x * y).movedim(0, axis)


def along(f: str) -> Callable[..., Any]:
    def run(torch: Any, x: Any, axis: Any) -> Any:
        return getattr(torch, f)(*((x.reshape(-1), 0) if axis is None else (x, axis)))

    return run


def size_in_torch(torch: Any, x: Any, a: Any, k: bool, p: float = 2) -> Any:
    return torch.linalg.vector_norm(x, p, a, k)


DDOF = [(s, (d, *a)) for d in (0, 1, 0.5) for s, a in ENOUGH[round(d) :: 2]]
DDOF.append((((0, 2),), (0, 1, False)))
OPERATIONS: dict[str, Operation] = {
    "min": Operation(min_, lambda x, a, k: x.min(a, keepdims=k), FILLED,
        folding(lambda torch, x, a, k: x.amin(a, k))),
    "prod": Operation(prod, lambda x, a, k: x.prod(a, keepdims=k), FOLD, folding(product)),
    "centre": Operation(centre, rest, [((s,), (a,)) for ((s,), (a, k)) in FOLD if not k],
        lambda torch, x, a: x - folding(lambda _, x, a, k: x.mean(a, k))(torch, x, a, True)),
    "var": Operation(
        lambda x, d, a, k: var(x, a, d, k), variance, DDOF,
        folding(deviation("var"))),
    "std": Operation(
        lambda x, d, a, k: std(x, a, d, k), lambda *x: ROOT(variance(*x)), DDOF,
        folding(deviation("std"))),
    "norm": Operation(
        lambda x, a, k: norm(x, 2, a, k), lambda x, a, k: size_of(x, 2, a, k), FOLD,
        folding(size_in_torch)),
    "p_norm": Operation(norm, size_of, P_NORMS, folding(size_in_torch)),
    "cumsum": Operation(cumsum, lambda x, a: np.cumsum(x, a), ALONG, along("cumsum")),
    "cumprod": Operation(cumprod, lambda x, a: np.cumprod(x, a), ALONG, along("cumprod")),
    "linear_recurrence": Operation(linear_recurrence, recurrence, RECUR, looped),
}  # fmt: skip

X, NOTHING = np.zeros((2, 3)), np.zeros((2, 0))
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: min_(NOTHING, 1), ShapeError,
     "min: expected at least one element along the axes, got shape (2, 0); an empty minimum is "
     "undefined"),
    (lambda: argmax(NOTHING), ShapeError,
     "argmax: expected at least one element along the axes, got shape (2, 0); an empty maximum "
     "is undefined"),
    (lambda: argmin(X, 2), ShapeError,
     "argmin: expected axes in [-2, 2), got axis=2; x has shape (2, 3)"),
    (lambda: any_(X, (0, -2)), ShapeError,
     "any: expected every axis once, got axis=(0, 0); name it once"),
    (lambda: median(NOTHING, -1), ShapeError,
     "median: expected at least one element along the axes, got shape (2, 0); an empty median "
     "is undefined"),
    (lambda: var(X, 0, 1, correction=1), OptionError,
     "var: expected ddof or correction, got ddof=1 and correction=1; they mean the same: give "
     "one"),
    (lambda: norm(X, 0), OptionError,
     "norm: expected ord > 0 (1, 2, inf or another), got ord=0; axis=None, ord=2 is the norm "
     "of all elements"),
    (lambda: norm(X, "fro"), OptionError,
     "norm: expected ord > 0 (1, 2, inf or another), got ord='fro'; axis=None, ord=2 is the "
     "norm of all elements"),
    (lambda: norm(NOTHING, np.inf, 1), ShapeError,
     "max: expected at least one element along the axes, got shape (2, 0); an empty maximum is "
     "undefined"),
    (lambda: cumsum(X, 2), ShapeError,
     "cumsum: expected axes in [-2, 2), got axis=2; x has shape (2, 3)"),
    (lambda: prod(X, (1, -1)), ShapeError,
     "prod: expected an argument that fits the shape, got (2, 3) and axis=(1, 1) and "
     "keepdims=False; see the shape"),
    (lambda: linear_recurrence(X, np.zeros(2)), ShapeError,
     "linear_recurrence: expected shapes that broadcast together, got (2, 3), (2,); reshape an "
     "operand"),
    (lambda: linear_recurrence(0.5, 1.0), ShapeError,
     "linear_recurrence: expected axes in [0, 0), got axis=-1; x has shape ()"),
    (lambda: sort(1.0), ShapeError,
     "sort: expected axes in [0, 0), got axis=-1; x has shape ()"),
    (lambda: topk(X, 4), OptionError,
     "topk: expected k in [0, 3], got k=4; x has 3 along the axis"),
]  # fmt: skip
