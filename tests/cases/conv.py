"""Convolution and its two transposes: held against loops over every product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from fusegrad.engine import OPS
from fusegrad.engine.ops import conv
from fusegrad.engine.tape import apply
from fusegrad.kernels import OptionError, ShapeError
from tests.cases.operation import Operation
from tests.cases.windows import each, padded, positions, stops, zeros

Sizes = tuple[int, ...]


# ---- loops ----------------------------------------------------------------------------------
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


def convolved_biased(x: Any, w: Any, b: Any, *settings: Any) -> np.ndarray:
    return convolved(x, w, *settings) + b.reshape(-1, *(1,) * (x.ndim - 2))


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


# ---- as called, here and in PyTorch ---------------------------------------------------------
def call_conv(x: Any, w: Any, *settings: Any) -> Any:
    return call_biased(x, w, None, *settings)


def call_biased(x: Any, w: Any, b: Any, *settings: Any) -> Any:
    convs: dict[int, Callable[..., Any]] = {3: conv.conv1d, 4: conv.conv2d, 5: conv.conv3d}
    return convs[len(x.shape)](x, w, b, *settings)


def call_transposed(x: Any, w: Any, *settings: Any) -> Any:
    f = conv.conv_transpose1d if len(x.shape) == 3 else conv.conv_transpose2d
    return f(x, w, None, *settings)


def call_filters(
    x: Any, u: Any, shape: Sizes, stride: Sizes, dilation: Sizes, groups: int
) -> Any:
    settings = {"stride": stride, "dilation": dilation, "groups": groups}
    settings["pads"] = ((0, 0),) * len(stride)
    return apply(OPS["conv_weight"], x, u, shape=shape, **settings)


def their_conv(torch: Any, x: Any, w: Any, *settings: Any) -> Any:
    return their_biased(torch, x, w, None, *settings)


def their_biased(torch: Any, x: Any, w: Any, b: Any, *settings: Any) -> Any:
    return getattr(torch.nn.functional, f"conv{x.ndim - 2}d")(x, w, b, *settings)


def their_filters(torch: Any, x: Any, u: Any, shape: Sizes, s: Any, d: Any, groups: int) -> Any:
    w = torch.zeros(shape, dtype=x.dtype)
    pull = torch.func.vjp(lambda w: their_conv(torch, x, w, s, 0, d, groups), w)[1]
    return pull(u)[0]


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
    "conv_biased": Operation(call_biased, convolved_biased, [
        (((2, 1, 5), (2, 1, 2), (2,)), (1, 1, 1, 1)),
        (((1, 2, 4, 3), (2, 1, 2, 2), (2,)), ((2, 1), (0, 1), (1, 2), 2)),
        (((1, 1, 2, 2, 3), (1, 1, 2, 1, 2), (1,)), ((1, 2, 1), 0, 1, 1)),
    ], torch=their_biased),
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
]  # fmt: skip
