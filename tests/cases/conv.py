"""Convolution, its two transposes, and windows: held against loops over every product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from fusegrad.engine import OPS
from fusegrad.engine.ops import conv, pool
from fusegrad.engine.ops.windows import border, fold, overlap_add, unfold, windows
from fusegrad.engine.tape import apply
from fusegrad.kernels import OptionError, ShapeError
from tests.cases.operation import Operation
from tests.ops_sample import MP

Sizes = tuple[int, ...]


def zeros(shape: Sizes, value: Any = 0) -> np.ndarray:
    return np.full(shape, MP.mpf(value), object)


def each(setting: Any, n: int) -> Sizes:
    return (setting,) * n if isinstance(setting, int) else tuple(setting)


# ---- loops ----------------------------------------------------------------------------------
def positions(k: Sizes, t: Sizes, stride: Any, dilation: Any) -> Sizes:
    """Where element k of a window lies when it stops at t."""
    steps = zip(k, t, each(stride, len(k)), each(dilation, len(k)))
    return tuple(s * b + d * a for a, b, s, d in steps)


def stops(sizes: Sizes, window: Sizes, stride: Any, dilation: Any) -> Sizes:
    """How often a window fits, counted."""
    settings = zip(sizes, window, each(stride, len(window)), each(dilation, len(window)))
    return tuple(len(range(0, size - d * (k - 1), s)) for size, k, s, d in settings)


def terms(
    count: int, w: Sizes, places: Sizes, stride: Any, dilation: Any, groups: int
) -> Iterator[tuple[Sizes, Sizes, Sizes]]:
    """The indices (of x, of w, of u) of every product x * w * u in the form that binds them."""
    filters, channels = w[:2]
    for n, o, c in product(range(count), range(filters), range(channels)):
        first = o // (filters // groups) * channels
        for k, t in product(np.ndindex(w[2:]), np.ndindex(places)):
            spot = positions(k, t, stride, dilation)
            yield (n, first + c, *spot), (o, c, *k), (n, o, *t)


def padded(x: np.ndarray, pads: Any, value: Any = 0) -> np.ndarray:
    """A border around the last axes, element by element."""
    lead = [(0, 0)] * (x.ndim - len(pads))
    around = [*lead, *((p, p) if isinstance(p, int) else p for p in pads)]
    y = zeros(tuple(a + s + b for (a, b), s in zip(around, x.shape)), value)
    for index in np.ndindex(x.shape):
        y[tuple(i + a for i, (a, _) in zip(index, around))] = x[index]
    return y


def same(w: np.ndarray, dilation: Any) -> list[tuple[int, int]]:
    total = [d * (k - 1) for k, d in zip(w.shape[2:], each(dilation, w.ndim - 2))]
    return [(t // 2, t - t // 2) for t in total]


def convolved(
    x: np.ndarray, w: np.ndarray, stride: Any, padding: Any, dilation: Any, groups: int
) -> np.ndarray:
    """The definition, for any number of axes."""
    x = padded(x, same(w, dilation) if padding == "same" else each(padding, w.ndim - 2))
    places = stops(x.shape[2:], w.shape[2:], stride, dilation)
    y = zeros((len(x), len(w), *places))
    for a, b, c in terms(len(x), w.shape, places, stride, dilation, groups):
        y[c] += x[a] * w[b]
    return y


def laid_down(
    u: Any, w: Any, stride: Any, padding: Any, extra: Any, groups: int, dilation: Any
) -> np.ndarray:
    """The transposed convolution: every u lays down a filter."""
    ends = [tuple(m - 1 for m in a.shape[2:]) for a in (w, u)]
    last = positions(ends[0], ends[1], stride, dilation)
    sizes = [a + 1 + e for a, e in zip(last, each(extra, len(last)))]
    y = zeros((len(u), w.shape[1] * groups, *sizes))
    for a, b, c in terms(len(u), w.shape, u.shape[2:], stride, dilation, groups):
        y[a] += u[c] * w[b]
    cut = [slice(p, s - p) for p, s in zip(each(padding, len(last)), sizes)]
    return y[(..., *cut)]


def of_filters(
    x: np.ndarray, u: np.ndarray, shape: Sizes, stride: Any, dilation: Any, groups: int
) -> np.ndarray:
    y = zeros(shape)
    for a, b, c in terms(len(x), shape, u.shape[2:], stride, dilation, groups):
        y[b] += x[a] * u[c]
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


# ---- as called, here and in PyTorch ---------------------------------------------------------
def call_conv(x: Any, w: Any, *settings: Any) -> Any:
    convs: dict[int, Callable[..., Any]] = {3: conv.conv1d, 4: conv.conv2d, 5: conv.conv3d}
    return convs[len(x.shape)](x, w, None, *settings)


def call_transposed(x: Any, w: Any, *settings: Any) -> Any:
    f = conv.conv_transpose1d if len(x.shape) == 3 else conv.conv_transpose2d
    return f(x, w, None, *settings)


def call_filters(
    x: Any, u: Any, shape: Sizes, stride: Sizes, dilation: Sizes, groups: int
) -> Any:
    settings = {"stride": stride, "dilation": dilation, "groups": groups}
    return apply(OPS["conv_weight"], x, u, shape=shape, **settings)


def their_conv(torch: Any, x: Any, w: Any, *settings: Any) -> Any:
    return getattr(torch.nn.functional, f"conv{x.ndim - 2}d")(x, w, None, *settings)


def their_filters(torch: Any, x: Any, u: Any, shape: Sizes, s: Any, d: Any, groups: int) -> Any:
    w = torch.zeros(shape, dtype=x.dtype)
    pull = torch.func.vjp(lambda w: their_conv(torch, x, w, s, 0, d, groups), w)[1]
    return pull(u)[0]


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
    "conv": Operation(call_conv, convolved, [
        (((2, 1, 5), (2, 1, 2)), (1, 0, 1, 1)),
        (((1, 2, 6), (2, 2, 3)), (2, (1,), 1, 1)),  # the last zero is out of reach
        (((1, 1, 6), (1, 1, 2)), (5, 0, 1, 1)),  # and here four elements are
        (((1, 4, 5), (4, 2, 2)), (1, "same", 2, 2)),
        (((1, 2, 4, 3), (2, 1, 2, 2)), ((2, 1), (0, 1), (1, 2), 2)),
        (((2, 1, 3, 3), (1, 1, 3, 3)), (1, 1, 1, 1)),
        (((1, 1, 2, 2, 3), (1, 1, 2, 1, 2)), ((1, 2, 1), 0, 1, 1)),
    ], torch=their_conv),
    "conv_input": Operation(call_transposed, laid_down, [
        (((1, 2, 3), (2, 1, 2)), (1, 0, 0, 1, 1)),
        (((1, 2, 3), (2, 1, 3)), (2, 1, 1, 1, 1)),
        (((1, 2, 2), (2, 1, 2)), (1, 0, 1, 2, 2)),  # more than the stride: zeros at the end
        (((1, 2, 2, 2), (2, 1, 2, 1)), ((2, 1), (1, 0), (1, 0), 2, 1)),
        (((2, 1, 2, 2), (1, 1, 2, 2)), (1, 0, 0, 1, (1, 2))),
    ], torch=lambda torch, x, w, *settings: getattr(
        torch.nn.functional, f"conv_transpose{x.ndim - 2}d")(x, w, None, *settings)),
    "conv_weight": Operation(call_filters, of_filters, [
        (((2, 2, 5), (2, 1, 4)), ((1, 2, 2), (1,), (1,), 1)),
        (((1, 2, 6), (1, 2, 2)), ((2, 1, 2), (3,), (2,), 2)),
        (((1, 1, 3, 4), (1, 1, 2, 2)), ((1, 1, 2, 2), (1, 2), (1, 1), 1)),
        (((0, 1, 3), (0, 1, 2)), ((1, 1, 2), (1,), (1,), 1)),
    ], torch=their_filters),
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

X, W = np.zeros((1, 4, 5)), np.zeros((2, 2, 3))
IMAGE = np.zeros((1, 1, 4, 4))
SEE = "see its docstring"
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: conv.conv1d(X[0], W), ShapeError,
     "conv1d: expected x (N, C, L) and weight (O, C / groups, *K), got (4, 5) and (2, 2, 3); "
     "x[None] adds the axis of a batch"),
    (lambda: conv.conv1d(X, W), ShapeError,
     "conv1d: expected x of 2 channels, and weight.shape[0] a multiple of groups, got 4 "
     "channels, weight.shape[0] 2 and groups 1; see its docstring for the shapes"),
    (lambda: conv.conv1d(X, np.zeros((2, 4, 3)), np.zeros(3)), ShapeError,
     "conv1d: expected bias (2,), got (3,); one an output channel"),
    (lambda: conv.conv1d(X, W, groups=2, dilation=3, padding=(0,)), ShapeError,
     "conv1d: expected sizes of at least (7,), got (5,), padding included; pad more, or "
     "take a smaller kernel"),
    (lambda: conv.conv1d(X, W, groups=2, stride=0), OptionError,
     f"conv1d: expected stride of at least 1, as an integer or 1 of them, got 0; {SEE}"),
    (lambda: conv.conv2d(IMAGE, IMAGE, padding="same", stride=2), OptionError,
     "conv2d: expected padding of numbers, 'valid', or, with stride 1, 'same', got 'same' with "
     "stride (2, 2); give numbers"),
    (lambda: conv.conv_transpose1d(X, np.zeros((4, 1, 3)), output_padding=1), OptionError,
     "conv_transpose1d: expected output_padding below stride, or below dilation, got (1,); "
     "choose another stride or length"),
    (lambda: conv.conv_transpose1d(X, np.zeros((4, 1, 3)), padding=4), ShapeError,
     "conv_transpose1d: expected something left within the padding, got sizes (7,), padding "
     "(4,); pad less"),
    (lambda: unfold(X, 2), ShapeError,
     "unfold: expected x (N, C, H, W), got (1, 4, 5); reshape x"),
    (lambda: fold(X, (3, 3), 2), ShapeError,
     "fold: expected x (N, C * 4, 4), got (1, 4, 5); check output_size and the settings"),
    (lambda: pool.max_pool2d(IMAGE, 3, padding=2), OptionError,
     "max_pool2d: expected padding of at most half of kernel_size (3, 3), got (2, 2); a "
     "window must reach what is inside"),
    (lambda: pool.avg_pool1d(X, 6), ShapeError,
     "avg_pool1d: expected sizes of at least (6,), got (5,) and padding (0,); pad more, or "
     "take a smaller kernel"),
    (lambda: pool.adaptive_avg_pool2d(np.zeros((3, 0, 2)), 1), ShapeError,
     "adaptive_avg_pool2d: expected at least 2 axes, the last 2 not empty, got shape (3, 0, "
     "2); reshape x"),
]  # fmt: skip
