"""Pooling: held against a fold of every window, written out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from fusegrad.engine.ops import pool
from fusegrad.engine.ops.pool_form import avg_pool, avg_pool_back, max_pool
from fusegrad.kernels import OptionError, ShapeError
from tests.cases.operation import Operation
from tests.cases.windows import padded, positions, shown, zeros

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]
Counts = tuple[Sizes, ...]


def folded(seen: np.ndarray, n: int, fold: Callable[[np.ndarray], Any]) -> np.ndarray:
    """A fold of all that each window shows. Shapes: (..., *K, *T) -> (..., *T)."""
    lead = seen.ndim - 2 * n
    y = zeros((*seen.shape[:lead], *seen.shape[lead + n :]))
    for i in np.ndindex(y.shape):
        y[i] = fold(seen[(*i[:lead], *(slice(None),) * n, *i[lead:])].ravel())
    return y


def largest(x: Any, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads) -> np.ndarray:
    seen = shown(padded(x, pads, -np.inf), size, stride, dilation)
    return folded(seen, len(size), max)


def shares(counts: Counts) -> np.ndarray:
    """The counts of all axes together."""
    y = zeros(tuple(map(len, counts)), 1)
    for i in np.ndindex(y.shape):
        y[i] *= np.prod([c[k] for c, k in zip(counts, i)])
    return y


def average(x: Any, size: Sizes, stride: Sizes, pads: Pads, counts: Counts) -> np.ndarray:
    seen = shown(padded(x, pads), size, stride, (1,) * len(size))
    return folded(seen, len(size), sum) / shares(counts)


def laid_back(
    u: Any, size: Sizes, stride: Sizes, pads: Pads, counts: Counts, shape: Sizes
) -> np.ndarray:
    n = len(size)
    sizes = [a + s + b for s, (a, b) in zip(shape[-n:], pads)]
    y, lead = zeros((*u.shape[:-n], *sizes)), u.shape[:-n]
    parts = u / shares(counts)
    for i, k, t in product(np.ndindex(lead), np.ndindex(size), np.ndindex(u.shape[-n:])):
        y[(*i, *positions(k, t, stride, (1,) * n))] += parts[(*i, *t)]
    return y[(..., *(slice(a, s - b) for s, (a, b) in zip(sizes, pads)))]


def their_largest(
    torch: Any, x: Any, size: Sizes, stride: Any, dilation: Any, pads: Any
) -> Any:
    around = [n for pair in reversed(pads) for n in pair]
    wide = torch.nn.functional.pad(x, around, value=-np.inf)
    call = getattr(torch.nn.functional, f"max_pool{len(size)}d")
    return call(wide, size, stride, 0, dilation)


def their_average(torch: Any, x: Any, size: Sizes, stride: Any, pads: Any, counts: Any) -> Any:
    wide = torch.nn.functional.pad(x, [n for pair in reversed(pads) for n in pair])
    call = getattr(torch.nn.functional, f"avg_pool{len(size)}d")
    whole = torch.tensor(shares(counts).astype(float))
    return call(wide, size, stride) * float(np.prod(size)) / whole


def their_back(
    torch: Any, u: Any, size: Sizes, stride: Any, pads: Any, counts: Any, shape: Any
) -> Any:
    x = torch.zeros(shape, dtype=u.dtype)
    pull = torch.func.vjp(lambda x: their_average(torch, x, size, stride, pads, counts), x)[1]
    return pull(u)[0]


P0 = ((0, 0),)
OPERATIONS: dict[str, Operation] = {
    "max_pool": Operation(max_pool, largest, [
        (((1, 2, 6),), ((2,), (2,), (1,), P0)),
        (((1, 7),), ((3,), (1,), (2,), ((1, 2),))),
        (((1, 1, 4, 5),), ((2, 3), (2, 1), (1, 1), ((1, 0), (0, 1)))),
        (((1, 5, 5),), ((2, 1), (1, 3), (3, 1), (*P0, *P0))),
    ], torch=their_largest),
    "avg_pool": Operation(avg_pool, average, [
        (((1, 2, 6),), ((2,), (2,), P0, ((2, 2, 2),))),
        (((1, 5),), ((3,), (2,), ((1, 1),), ((2, 3, 2),))),
        (((1, 1, 4, 5),), ((2, 3), (2, 2), (*P0, *P0), ((2, 2), (3, 3)))),
    ], torch=their_average),
    "avg_pool_back": Operation(avg_pool_back, laid_back, [
        (((2, 3),), ((2,), (2,), P0, ((2, 2, 2),), (2, 7))),
        (((1, 3),), ((3,), (2,), ((1, 1),), ((2, 3, 2),), (1, 5))),
        (((1, 1, 2, 2),), ((2, 3), (2, 2), (*P0, *P0), ((2, 2), (3, 3)), (1, 1, 4, 5))),
    ], torch=their_back),
}  # fmt: skip

IMAGE = np.zeros((1, 1, 4, 4))
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: pool.max_pool2d(IMAGE, 3, padding=2), OptionError,
     "max_pool2d: expected padding of at most half of kernel_size (3, 3), got (2, 2); a "
     "window must reach what is inside"),
    (lambda: pool.avg_pool1d(np.zeros((1, 4, 5)), 6), ShapeError,
     "avg_pool1d: expected sizes of at least (6,), got (5,) and padding (0,); pad more, or "
     "take a smaller kernel"),
    (lambda: pool.adaptive_avg_pool2d(np.zeros((3, 0, 2)), 1), ShapeError,
     "adaptive_avg_pool2d: expected at least 2 axes, the last 2 not empty, got shape (3, 0, "
     "2); reshape x"),
]  # fmt: skip
