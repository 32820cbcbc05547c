"""Windows, their transpose and borders: held against loops over every element."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from fusegrad.engine.ops.windows import border, fold, overlap_add, unfold, windows
from fusegrad.kernels import ShapeError
from tests.cases.operation import Operation
from tests.ops_sample import MP

Sizes = tuple[int, ...]


def zeros(shape: Sizes, value: Any = 0) -> np.ndarray:
    return np.full(shape, MP.mpf(value), object)


def each(setting: Any, n: int) -> Sizes:
    return (setting,) * n if isinstance(setting, int) else tuple(setting)


def positions(k: Sizes, t: Sizes, stride: Any, dilation: Any) -> Sizes:
    """Where element k of a window lies when it stops at t."""
    steps = zip(k, t, each(stride, len(k)), each(dilation, len(k)))
    return tuple(s * b + d * a for a, b, s, d in steps)


def stops(sizes: Sizes, window: Sizes, stride: Any, dilation: Any) -> Sizes:
    """How often a window fits, counted."""
    settings = zip(sizes, window, each(stride, len(window)), each(dilation, len(window)))
    return tuple(len(range(0, size - d * (k - 1), s)) for size, k, s, d in settings)


def padded(x: np.ndarray, pads: Any, value: Any = 0) -> np.ndarray:
    """A border around the last axes, element by element."""
    lead = [(0, 0)] * (x.ndim - len(pads))
    around = [*lead, *((p, p) if isinstance(p, int) else p for p in pads)]
    y = zeros(tuple(a + s + b for (a, b), s in zip(around, x.shape)), value)
    for index in np.ndindex(x.shape):
        y[tuple(i + a for i, (a, _) in zip(index, around))] = x[index]
    return y


def shown(x: np.ndarray, size: Sizes, stride: Sizes, dilation: Sizes) -> np.ndarray:
    lead, sizes = x.shape[: -len(size)], x.shape[-len(size) :]
    places = stops(sizes, size, stride, dilation)
    y = zeros((*lead, *size, *places))
    for i, k, t in product(np.ndindex(lead), np.ndindex(size), np.ndindex(places)):
        y[(*i, *k, *t)] = x[(*i, *positions(k, t, stride, dilation))]
    return y


def put_back(x: np.ndarray, stride: Sizes, dilation: Sizes, shape: Sizes) -> np.ndarray:
    y, n = zeros(shape), len(stride)
    lead, size, places = x.shape[: -2 * n], x.shape[-2 * n : -n], x.shape[-n:]
    for i, k, t in product(np.ndindex(lead), np.ndindex(size), np.ndindex(places)):
        y[(*i, *positions(k, t, stride, dilation))] += x[(*i, *k, *t)]
    return y


def their_windows(torch: Any, x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    n, lead = len(size), x.ndim - len(size)
    for i, (k, s, d) in enumerate(zip(size, stride, dilation)):
        x = x.unfold(lead + i, d * (k - 1) + 1, s)[..., ::d]
    order = (*range(lead), *range(lead + n, lead + 2 * n), *range(lead, lead + n))
    return x.permute(order)


def their_overlap(torch: Any, x: Any, stride: Sizes, dilation: Sizes, shape: Sizes) -> Any:
    n = len(stride)
    seen = partial(their_windows, torch, size=x.shape[-2 * n : -n], stride=stride)
    pull = torch.func.vjp(
        lambda y: seen(y, dilation=dilation), torch.zeros(shape, dtype=x.dtype)
    )
    return pull[1](x)[0]


OPERATIONS: dict[str, Operation] = {
    "windows": Operation(windows, shown, [
        (((2, 5),), ((2,), (1,), (1,))),
        (((2, 7),), ((3,), (2,), (2,))),
        (((1, 2, 4, 5),), ((2, 3), (2, 1), (1, 1))),
        (((4,),), ((1,), (3,), (1,))),
    ], torch=their_windows),
    "overlap_add": Operation(overlap_add, put_back, [
        (((1, 3, 3),), ((1,), (1,), (1, 5))),
        (((2, 2),), ((2,), (2,), (6,))),
        (((1, 2, 2, 2, 2),), ((1, 2), (1, 1), (1, 3, 4))),
    ], torch=their_overlap),
    "border": Operation(border, padded, [
        (((2, 3),), ([(1, 2)], 2.5)),
        (((2, 2, 1),), ([(0, 1), (2, 0)], 0.0)),
        (((0,),), ([(1, 1)], -1.0)),
    ], torch=lambda torch, x, pads, value: torch.nn.functional.pad(
        x, [n for pair in reversed(pads) for n in pair], value=value)),
}  # fmt: skip

X = np.zeros((1, 4, 5))
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: unfold(X, 2), ShapeError,
     "unfold: expected x (N, C, H, W), got (1, 4, 5); reshape x"),
    (lambda: fold(X, (3, 3), 2), ShapeError,
     "fold: expected x (N, C * 4, 4), got (1, 4, 5); check output_size and the settings"),
]  # fmt: skip
