"""The ops of pooling: the largest of each window, and the mean of each with its transpose."""

from __future__ import annotations

from typing import Any

from ...kernels import pooling as kernels
from ..fused import Fused
from ..op import LINEAR, structural
from ..tape import apply
from .broadcast import sum_
from .elementwise import divide, equal, logical_or, not_equal, where
from .shaping import astype, reshape
from .windows import Pads, Sizes, border, overlap_add, windows, without_border

Counts = tuple[Sizes, ...]


# ---- the largest ----------------------------------------------------------------------------
def _tops(x: Any, y: Any, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads) -> Any:
    """Which of what the windows show are their largest, or nan, and how many of each window.

    Shapes: x (..., *S) -> (..., *K, *T) and (..., *T).
    """
    padded = border(x, pads, kernels.lowest(x.dtype))
    seen = windows(padded, size, stride, dilation)
    is_top = logical_or(equal(seen, _beside(y, len(size))), not_equal(seen, seen))
    return is_top, sum_(astype(is_top, y.dtype), _within(seen, size))


def _beside(y: Any, n: int) -> Any:
    """Shapes: (..., *T) -> (..., *ones, *T)."""
    return reshape(y, (*y.shape[:-n], *(1,) * n, *y.shape[-n:]))


def _within(seen: Any, size: Sizes) -> Sizes:
    """The axes of a window's elements."""
    lead = len(seen.shape) - 2 * len(size)
    return tuple(range(lead, lead + len(size)))


def _shared(
    g: Any, x: Any, y: Any, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads
) -> Any:
    n = len(size)
    is_top, count = _tops(x, y, size, stride, dilation, pads)
    given = where(is_top, _beside(divide(g, count), n), 0.0)
    sizes = (a + s + b for (a, b), s in zip(pads, x.shape[-n:]))
    laid = overlap_add(given, stride, dilation, (*g.shape[:-n], *sizes))
    return without_border(laid, pads)


def _max_tangent(
    t: Any, x: Any, y: Any, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads
) -> Any:
    is_top, count = _tops(x, y, size, stride, dilation, pads)
    seen = windows(border(t, pads), size, stride, dilation)
    return divide(sum_(where(is_top, seen, 0.0), _within(seen, size)), count)


MAX_POOL = structural(
    "max_pool",
    kernels.max_pool,
    ["x"],
    Fused(kernels.max_pool_vjp, _shared),
    jvp=[_max_tangent],
)


def max_pool(x: Any, size: Sizes, stride: Sizes, dilation: Sizes, pads: Pads) -> Any:
    """The largest of each window. Shapes: (..., *S) -> (..., *T)."""
    settings = {"size": size, "stride": stride, "dilation": dilation, "pads": tuple(pads)}
    return apply(MAX_POOL, x, **settings)


# ---- the mean -------------------------------------------------------------------------------
AVG_POOL = structural(
    "avg_pool",
    kernels.avg_pool,
    ["x"],
    lambda g, size, stride, pads, counts, input_shape: avg_pool_back(
        g, size, stride, pads, counts, input_shape
    ),
    jvp=LINEAR,
)
AVG_POOL_BACK = structural(
    "avg_pool_back",
    kernels.avg_pool_back,
    ["u"],
    lambda g, size, stride, pads, counts: avg_pool(g, size, stride, pads, counts),
    jvp=LINEAR,
)


def avg_pool(x: Any, size: Sizes, stride: Sizes, pads: Pads, counts: Counts) -> Any:
    """The sum of each window, divided by one of the counts of each axis.

    Shapes: (..., *S) -> (..., *T).
    """
    settings = {"size": size, "stride": stride, "pads": tuple(pads), "counts": counts}
    return apply(AVG_POOL, x, **settings)


def avg_pool_back(
    g: Any, size: Sizes, stride: Sizes, pads: Pads, counts: Counts, shape: Sizes
) -> Any:
    """The transpose of `avg_pool`. Shapes: (..., *T) -> shape, which is (..., *S)."""
    settings = {"size": size, "stride": stride, "pads": tuple(pads), "counts": counts}
    return apply(AVG_POOL_BACK, g, **settings, shape=shape)
