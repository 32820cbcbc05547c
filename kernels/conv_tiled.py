"""Convolution of batches by register tiles: what `loops/conv.py` is given, for one or two axes.

A tile is as many images by as many channels as fill the processor's vector registers with sums.
Which element of an axis meets which element of a filter stands in the tables of `slide.py`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from . import compiled, pool, threads
from .slide import Slide
from .windows import Sizes

Tile = tuple[tuple[int, ...], tuple[int, ...]]

FROM = 1 << 22  # products from which a tile beats BLAS by enough to start a compiler for
TERMS = 32  # of a sum at least; fewer do not pay for laying it out
FILLED = 0.5  # of a tile must be in use and more, else BLAS is as fast
FEW = 8  # channels, below which elements of a filter's rows are made channels too
SHAPES = {"+avx512f": (8, 32), "+avx2": (6, 16)}  # rows and lanes of float32, by feature
CACHED = 1 << 15  # sums that are kept in the cache until they are laid out
DEEP = 32  # pixels at least that a sum over pixels goes through at a time
SHARES = 8  # parts at most that a gradient is added up in
TOTAL = 1 << 24  # elements of all these parts


@cache
def tile_of(dtype: Any) -> Tile | None:
    """Tuples of the length of a tile's two sides; None where a processor has no vectors that
    would make one fast."""
    threads.numba()
    from numba.core.registry import cpu_target

    features = cpu_target.target_context.codegen().magic_tuple()[2].split(",")
    for feature, (rows, lanes) in SHAPES.items():
        if feature in features and "+fma" in features:
            return (0,) * rows, (0,) * (lanes * 4 // np.dtype(dtype).itemsize)
    return None


def is_worth_it(products: int, made: int, dtype: Any, sides: tuple[int, int]) -> bool:
    """Whether the work is large, fills tiles, and has enough terms a sum."""
    if products < max(FROM, made * TERMS) or (tile := tile_of(dtype)) is None:
        return False
    return math.prod(n / (-(-n // len(t)) * len(t)) for n, t in zip(sides, tile)) > FILLED


def is_shallow(filters: Sizes, slide: Slide) -> bool:
    """Whether there are few channels, so that a filter's rows are better made channels too."""
    return filters[1] < FEW and filters[-1] > 1 and slide.groups == 1


def product(x: np.ndarray, w: np.ndarray, bias: Any, slide: Slide) -> np.ndarray:
    """Every filter at every place, plus a number for each, or None.

    Shapes: (N, C, *S), (O, C / groups, *K), (O,) -> (N, O, *T).
    """
    places = slide.places(x.shape[2:], w.shape[2:])
    shape = (len(x), len(w), *places)
    slide, (x, w) = slide.flat(x, w)
    x, tables = _seen(x, w.shape, (1, *places)[-2:], slide)
    filters = w.reshape(slide.groups, -1, *w.shape[1:]).transpose(0, 3, 4, 2, 1)
    filters = filters.reshape(slide.groups, -1, x.shape[1] // slide.groups, filters.shape[-1])
    return _product(x, filters, bias, tables).reshape(shape)


def transposed(u: np.ndarray, w: np.ndarray, slide: Slide, shape: Sizes) -> np.ndarray:
    """The transpose in the images. Shapes: (N, O, *T), filters -> (N, C, *S)."""
    slide, (u, w) = slide.flat(u, w)
    tables = slide.meetings((1, *shape[2:])[-2:], u.shape[2:], w.shape[2:], back=True)
    filters = w.reshape(slide.groups, -1, *w.shape[1:]).transpose(0, 3, 4, 1, 2)
    filters = filters.reshape(slide.groups, -1, *filters.shape[3:])
    return _product(u, filters, None, tables).reshape(shape)


def gradient(x: np.ndarray, u: np.ndarray, slide: Slide, shape: Sizes) -> np.ndarray:
    """The transpose in the filters: images, (N, O, *T) -> (O, C / groups, *K)."""
    slide, (x, u) = slide.flat(x, u)
    sizes, groups = (1, *shape[2:])[-2:], slide.groups
    x, tables = _seen(x, (*shape[:2], *sizes), u.shape[2:], slide)
    y = _gradient(x, u, tables, groups).reshape(groups, *sizes, shape[1], shape[0] // groups)
    return np.ascontiguousarray(y.transpose(0, 4, 3, 1, 2)).reshape(shape)


def _seen(x: np.ndarray, filters: Sizes, places: Sizes, slide: Slide) -> Any:
    """Images, and which of their pixels the elements of filters meet."""
    down, across = slide.meetings(places, x.shape[2:], filters[2:])
    if not is_shallow(filters, slide):
        return x, (down, across)
    return _unrolled(x, across), (down, np.arange(len(across))[:, None])


def _unrolled(x: np.ndarray, across: np.ndarray) -> np.ndarray:
    """What each element of a filter's rows meets, as channels of its own.

    Shapes: (N, C, H, W) and (T, K) -> (N, K * C, H, T).
    """
    count, channels, height, _ = x.shape
    places, size = across.shape
    y = pool.empty((count, size, channels, height, places), x.dtype)
    for k, met in enumerate(across.T):
        y[:, k] = 0
        (inside,) = np.nonzero(met >= 0)
        if len(inside):
            first, last = inside[0], inside[-1]
            step = max(1, (met[last] - met[first]) // max(1, last - first))
            y[:, k, ..., first : last + 1] = x[..., met[first] : met[last] + 1 : step]
    return y.reshape(count, size * channels, height, places)


class _Work:
    """The images in blocks of a tile's rows, channels made in panels of its lanes, and the
    memory that a thread needs to go through them."""

    def __init__(self, x: np.ndarray, tables: Any, groups: int, made: int) -> None:
        tile = tile_of(x.dtype)
        assert tile is not None
        self.tile, self.tables, self.groups, self.made = tile, tables, groups, made
        self.count, channels, self.height, self.width = x.shape
        self.channels, self.pixels = channels // groups, self.height * self.width
        self.places = len(tables[0]) * len(tables[1])
        self.rows, self.lanes = map(len, tile)
        self.across = -(-made // self.lanes) * self.lanes
        self.blocks = -(-self.count // self.rows)
        self.x = _readable(x)

    def of(self, g: int, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The images and the result, flat, from a group's first channel on."""
        return self.x[g * self.channels * self.pixels :], y[g * self.made * self.places :]

    def sizes(self) -> Sizes:
        """As the loops take them."""
        image, result = self.channels * self.pixels, self.made * self.places
        steps = self.groups * image, self.groups * result
        return (self.count, *steps, self.channels, self.pixels, self.width, self.made)

    def memory(self, shares: int, pixels: int, spots: int) -> list[np.ndarray]:
        """For each thread: a block of images, sums of some pixels, and where products begin."""
        count, dtype = min(shares, threads.numba().get_num_threads()), self.x.dtype
        block = pool.empty((count, (self.pixels * self.channels + 1) * self.rows), dtype)
        sums = pool.empty((count, pixels * self.rows * self.across), dtype)
        block[...] = sums[...] = 0  # what is computed with and not read must be some number
        return [block, sums, np.empty((count, spots, 2), np.int64)]


def _product(x: np.ndarray, filters: np.ndarray, bias: Any, tables: Any) -> np.ndarray:
    """Every filter at every place the tables know.

    Shapes: x (N, G * C, H, W), filters (G, elements, C, O), bias (G * O,) or None, tables
    (TH, KH) and (TW, KW) -> (N, G * O, TH, TW).
    """
    groups, elements, _, made = filters.shape
    work = _Work(x, tables, groups, made)
    y = pool.empty((len(x), groups * made, len(tables[0]), len(tables[1])), x.dtype)
    pixels = min(max(16, CACHED // (work.rows * work.across) // 16 * 16), work.places)
    memory = work.memory(work.blocks, pixels, elements)
    added = np.zeros((groups, work.across), x.dtype)
    if bias is not None:
        added[:, :made] = bias.reshape(groups, made)
    for g in range(groups):
        images, to = work.of(g, y.reshape(-1))
        given = (work.tile, images, _panels(filters[g], work.lanes), added[g], to)
        _convolve((*given, tables, work.sizes()), work.blocks, memory)
    return y


def _convolve(given: tuple[Any, ...], blocks: int, memory: list[np.ndarray]) -> None:
    loops = compiled.loops("conv")
    if len(memory[0]) == 1:
        loops.convolve(*given, (0, blocks), *(m[0] for m in memory))
    else:
        loops.convolve_parallel(*given[0], *given[1:], blocks, *memory)


def _gradient(x: np.ndarray, u: np.ndarray, tables: Any, groups: int) -> np.ndarray:
    """The sum over images and places of what an element of a filter meets, times u.

    Shapes: x (N, G * C, H, W), u (N, G * O, TH, TW) -> (G, elements, C, O).
    """
    work = _Work(x, tables, groups, u.shape[1] // groups)
    deep = -(-work.channels // work.rows) * work.rows
    elements, long = tables[0].shape[1] * tables[1].shape[1], len(tables[1])
    parts = max(1, min(SHARES, work.blocks, TOTAL // (elements * deep * work.across)))
    pixels = min(-(-DEEP // long), len(tables[0])) * long
    memory = work.memory(parts, pixels, pixels)
    y = np.empty((groups, elements, work.channels, work.made), x.dtype)
    for g in range(groups):
        totals = pool.empty((parts, elements, deep, work.across), x.dtype)
        totals[...] = 0
        given = (work.tile, *work.of(g, _readable(u)), totals, tables, work.sizes())
        _correlate(given, work.blocks, memory)
        for part in totals[1:]:  # in one order, whatever the number of threads
            totals[0] += part
        y[g] = totals[0, :, : work.channels, : work.made]
    return y


def _correlate(given: tuple[Any, ...], blocks: int, memory: list[np.ndarray]) -> None:
    tile, x, u, totals, *rest = given
    loops, parts = compiled.loops("conv"), len(totals)
    shares = np.arange(parts + 1) * blocks // parts
    if len(memory[0]) > 1:
        loops.correlate_parallel(*given[0], *given[1:], shares, *memory)
        return
    for k, total in enumerate(totals):
        some = (int(shares[k]), int(shares[k + 1]))
        loops.correlate(tile, x, u, total, *rest, some, *(m[0] for m in memory))


def _readable(x: np.ndarray) -> np.ndarray:
    """The elements in one row, locked as those of a graph are: one type to compile for."""
    flat = np.ascontiguousarray(x).reshape(-1)
    flat.flags.writeable = False
    return flat


def _panels(filters: np.ndarray, lanes: int) -> np.ndarray:
    """Filters with as many channels side by side as a tile has lanes, zeros behind the last.

    Shapes: (elements, C, O) -> (panels, elements, C, lanes).
    """
    elements, channels, made = filters.shape
    panels = np.zeros((-(-made // lanes), elements, channels, lanes), filters.dtype)
    for k, panel in enumerate(panels):
        some = filters[..., k * lanes : (k + 1) * lanes]
        panel[..., : some.shape[-1]] = some
    return panels
