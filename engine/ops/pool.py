"""Pooling: the largest or the mean of what each window shows, over the last one or two axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

from ...kernels import OptionError, ShapeError
from .indexing import getitem
from .pool_form import avg_pool, max_pool
from .reductions import max_, mean
from .shaping import as_array, reshape, stack, swap_last
from .windows import Each, Pads, Sizes, each_axis, spans


class Grid(NamedTuple):
    """Where a window stops: on each axis `places` many times, in a border of `pads`."""

    size: Sizes
    stride: Sizes
    dilation: Sizes
    pads: Pads
    places: Sizes


def max_pool1d(
    x: Any,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
) -> Any:
    """The largest that a window shows at each of its places; the border is -inf.

    The window moves by `stride`, by default its own size. With ceil_mode it stops once more
    where it would hang over the end, if it starts before the end. nan wins, and then takes the
    gradient.
    Shapes: (..., L) -> (..., T).
    Raises: ShapeError, OptionError for a shape or a setting that is not so.
    Differs: ties share the gradient equally; PyTorch gives all of it to the first. Any number
    of leading axes is taken.
    """
    return _max("max_pool1d", 1, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    x: Any,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
) -> Any:
    """As max_pool1d, over the last two axes. Shapes: (..., H, W) -> (..., TH, TW)."""
    return _max("max_pool2d", 2, x, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool1d(
    x: Any,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of what a window shows at each of its places; the border is 0.

    The zeros of the border are counted, or not, as `count_include_pad` says; what ceil_mode
    (see max_pool1d) shows behind them is not counted.
    Shapes: (..., L) -> (..., T).
    Raises: ShapeError, OptionError for a shape or a setting that is not so.
    Differs: any number of leading axes is taken.
    """
    grid = _grid("avg_pool1d", 1, x, kernel_size, stride, padding, 1, ceil_mode)
    return _mean(x, grid, count_include_pad)


def avg_pool2d(
    x: Any,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """As avg_pool1d, over the last two axes. Shapes: (..., H, W) -> (..., TH, TW)."""
    grid = _grid("avg_pool2d", 2, x, kernel_size, stride, padding, 1, ceil_mode)
    return _mean(x, grid, count_include_pad)


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Any:
    """The means of `output_size` cells that cover the axis: cell t goes from the whole number
    below t * L / T to the one above (t + 1) * L / T, so neighbours may share an element.

    Shapes: (..., L) -> (..., T). Raises: ShapeError, OptionError.
    """
    return _adaptive("adaptive_avg_pool1d", 1, x, output_size, _means)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Any:
    """As adaptive_avg_pool1d, over the last two axes; None keeps the size of an axis."""
    return _adaptive("adaptive_avg_pool2d", 2, x, output_size, _means)


def adaptive_max_pool1d(x: Any, output_size: Any) -> Any:
    """The largest of each cell; the cells are those of adaptive_avg_pool1d. Ties share."""
    return _adaptive("adaptive_max_pool1d", 1, x, output_size, _tops)


def adaptive_max_pool2d(x: Any, output_size: Any) -> Any:
    """As adaptive_max_pool1d, over the last two axes; None keeps the size of an axis."""
    return _adaptive("adaptive_max_pool2d", 2, x, output_size, _tops)


# ---- where windows stop ---------------------------------------------------------------------
def _grid(
    where: str,
    n: int,
    x: Any,
    kernel_size: Each,
    stride: Each | None,
    padding: Each,
    dilation: Each,
    ceil_mode: bool,
) -> Grid:
    sizes = _sizes(where, n, x)
    size = each_axis(where, "kernel_size", kernel_size, n)
    step = size if stride is None else each_axis(where, "stride", stride, n)
    dilated = each_axis(where, "dilation", dilation, n)
    around = each_axis(where, "padding", padding, n, 0)
    if any(2 * p > k for p, k in zip(around, size)):
        rule = f"padding of at most half of kernel_size {size}"
        raise OptionError(where, rule, str(around), "a window must reach what is inside")
    reach = spans(size, dilated)
    places = [_places(*one, ceil_mode) for one in zip(sizes, reach, step, around)]
    if min(places) < 1:
        rule, got = f"sizes of at least {reach}", f"{sizes} and padding {around}"
        raise ShapeError(where, rule, got, "pad more, or take a smaller kernel")
    over = [(t - 1) * s + r - p for t, s, r, p in zip(places, step, reach, around)]
    pads = [(p, max(0, end - length)) for p, end, length in zip(around, over, sizes)]
    return Grid(size, step, dilated, pads, tuple(places))


def _sizes(where: str, n: int, x: Any) -> Sizes:
    sizes: Sizes = as_array(x).shape[-n:]
    if len(sizes) < n or 0 in sizes:
        rule = f"at least {n} axes, the last {n} not empty"
        raise ShapeError(where, rule, f"shape {as_array(x).shape}", "reshape x")
    return sizes


def _places(size: int, reach: int, step: int, pad: int, ceil_mode: bool) -> int:
    room = size + 2 * pad - reach
    if not ceil_mode:
        return room // step + 1
    places = -(-room // step) + 1
    return places - ((places - 1) * step >= size + pad)  # nothing but the border behind


# ---- what they show -------------------------------------------------------------------------
def _max(where: str, n: int, x: Any, *settings: Any) -> Any:
    grid = _grid(where, n, x, *settings)
    return max_pool(as_array(x), grid.size, grid.stride, grid.dilation, grid.pads)


def _mean(x: Any, grid: Grid, count_include_pad: bool) -> Any:
    x, n = as_array(x), len(grid.size)
    counts = [_counts(grid, i, x.shape[i - n], count_include_pad) for i in range(n)]
    return avg_pool(x, grid.size, grid.stride, grid.pads, tuple(map(tuple, counts)))


def _counts(grid: Grid, i: int, length: int, count_include_pad: bool) -> list[int]:
    """How many elements count in each window along one axis."""
    pad, counts = grid.pads[i][0], []
    for t in range(grid.places[i]):
        start = t * grid.stride[i] - pad
        end = min(start + grid.size[i], length + pad)
        counts.append(end - start if count_include_pad else min(end, length) - max(start, 0))
    return counts


# ---- cells that adapt -----------------------------------------------------------------------
def _adaptive(where: str, n: int, x: Any, output_size: Any, fold: Callable[..., Any]) -> Any:
    sizes = _sizes(where, n, x)
    one = output_size is None or hasattr(output_size, "__index__")
    given = (output_size,) * n if one else tuple(output_size)
    chosen = [s if c is None else c for c, s in zip(given, sizes)]
    counts = each_axis(where, "output_size", [*chosen, *given[n:]], n)
    if any(s % c for s, c in zip(sizes, counts)):
        return fold(as_array(x), counts)
    size = tuple(s // c for s, c in zip(sizes, counts))
    grid = Grid(size, size, (1,) * n, ((0, 0),) * n, counts)
    if fold is _means:
        return _mean(x, grid, True)
    return max_pool(as_array(x), grid.size, grid.stride, grid.dilation, grid.pads)


def _tops(x: Any, counts: Sizes) -> Any:
    return _cells(x, counts, max_)  # of all axes at once, so that ties share equally


def _means(x: Any, counts: Sizes) -> Any:
    y = _cells(x, counts[-1:], mean)
    return y if len(counts) == 1 else swap_last(_cells(swap_last(y), counts[:1], mean))


def _cells(x: Any, counts: Sizes, fold: Callable[..., Any]) -> Any:
    """A fold of each cell of a grid that covers the last axes."""
    n, lead = len(counts), x.shape[: -len(counts)]
    sizes = x.shape[-n:]
    grid = product(*(_parts(s, c) for s, c in zip(sizes, counts)))
    cells = [fold(getitem(x, (..., *cell)), tuple(range(-n, 0))) for cell in grid]
    return reshape(stack(cells, -1), (*lead, *counts))


def _parts(size: int, count: int) -> Sequence[slice]:
    return [slice(t * size // count, -(-(t + 1) * size // count)) for t in range(count)]
