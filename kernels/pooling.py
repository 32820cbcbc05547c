"""The largest and the mean of what windows show, over the last axes, and what passes back
through them: one pass for each element of a window, or a loop where `pooling_planes.py` has
one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import pooling_planes as planes
from .device import module_of
from .kernel import kernel
from .windows import Pads, Sizes, within

Counts = tuple[tuple[int, ...], ...]  # by how many a sum is divided: a factor for each axis


class Windows(NamedTuple):
    """What moves, by what, in what border."""

    size: Sizes
    stride: Sizes
    dilation: Sizes
    pads: Pads

    def places(self, sizes: Sizes) -> Sizes:
        """How often a window stops on axes of these sizes."""
        each = zip(sizes, self.size, self.stride, self.dilation, self.pads)
        return tuple((n + a + b - d * (k - 1) - 1) // s + 1 for n, k, s, d, (a, b) in each)

    def seen(self, x: Any, places: Sizes) -> Iterator[Any]:
        """For each element of a window, a view of what it shows at all its places."""
        axes = list(zip(self.stride, self.dilation, places))
        for k in np.ndindex(self.size):
            firsts = [i * d for i, (_, d, _) in zip(k, axes)]
            spots = [slice(a, a + s * (t - 1) + 1, s) for a, (s, _, t) in zip(firsts, axes)]
            yield x[(..., *spots)]

    def laid(self, x: Any, shape: Sizes, shown: Iterator[Any]) -> Any:
        """What is shown, one array for each element of a window, added up where it was seen."""
        lead = shape[: -len(self.size)]
        sizes = (a + s + b for (a, b), s in zip(self.pads, shape[len(lead) :]))
        y = module_of(x).zeros((*lead, *sizes), wide(x))
        places = self.places(shape[len(lead) :])
        for to, part in zip(self.seen(y, places), shown):
            to += part
        return within(y, tuple((-a, -b) for a, b in self.pads)).astype(x.dtype, copy=False)


@kernel
def max_pool(x: Any, *, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads) -> Any:
    """The largest of each window; the border is below all, and nan wins."""
    w = Windows(size, stride, dilation, pads)
    places = w.places(x.shape[-len(size) :])
    if planes.is_large(x):
        return planes.forward(x, *w, places, None)
    y, *rest = w.seen(within(x, pads, lowest(x.dtype)), places)
    for seen in rest:
        y = module_of(x).maximum(y, seen)
    return y if rest else y.copy()


@kernel
def max_pool_vjp(
    g: Any, x: Any, y: Any, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads
) -> Any:
    """The gradient of each window, shared equally by its largest, or by what is nan."""
    w, lead = Windows(size, stride, dilation, pads), g.shape[: -len(size)]
    if y.shape == g.shape and planes.is_large(x, y, g):
        return planes.backward(g, *w, x.shape, x, y, None)
    padded = within(x, pads, lowest(x.dtype))
    xp, shown = module_of(x), w.seen(padded, y.shape[-len(size) :])
    tops = [xp.logical_or(seen == y, seen != seen) for seen in shown]
    count = tops[0].astype(wide(g))
    for top in tops[1:]:
        count = count + top
    share = g / count
    given = (xp.where(top, share, share.dtype.type(0)) for top in tops)
    return w.laid(g, (*lead, *x.shape[-len(size) :]), given)


@kernel
def avg_pool(x: Any, *, size: Sizes, stride: Sizes, pads: Pads, counts: Counts) -> Any:
    """The sum of each window over its count; the border is 0."""
    w, places = Windows(size, stride, (1,) * len(size), pads), tuple(map(len, counts))
    if planes.is_large(x):
        return planes.forward(x, *w, places, counts)
    first, *rest = w.seen(within(x, pads), places)
    y = first.astype(wide(x))
    for seen in rest:
        y += seen
    y /= _product(y, counts)
    return y.astype(x.dtype) if x.dtype.kind == "f" else y


@kernel
def avg_pool_back(
    g: Any, *, size: Sizes, stride: Sizes, pads: Pads, counts: Counts, shape: Sizes
) -> Any:
    """The transpose of `avg_pool`: each element over its count, laid where its window was."""
    w = Windows(size, stride, (1,) * len(size), pads)
    if planes.is_large(g):
        return planes.backward(g, *w, shape, g, g, counts)
    share = g / _product(g, counts)
    return w.laid(g, shape, (share for _ in np.ndindex(size)))


def lowest(dtype: Any) -> Any:
    """What no element of a dtype is below."""
    return -np.inf if dtype.kind in "fc" else np.iinfo(dtype).min if dtype.kind == "i" else 0


def wide(x: Any) -> Any:
    """The dtype that elements of x add up in."""
    return np.result_type(x.dtype, np.float32 if x.dtype.kind == "f" else np.float64)


def _product(x: Any, counts: Counts) -> Any:
    """Shapes: T for each axis -> T."""
    axes = np.ix_(*map(np.array, counts))
    return module_of(x).asarray(np.prod(np.broadcast_arrays(*axes), 0), dtype=wide(x))
