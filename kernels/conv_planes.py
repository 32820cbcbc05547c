"""Convolution plane by plane: what `loops/planes.py` is given, for one or two axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import compiled, pool, threads
from .parting import Parting
from .slide import Slide
from .windows import Sizes

FROM = 1 << 18  # products from which a loop beats BLAS by enough to start a compiler for
SUMS_FROM = 1 << 16  # elements from which they are added up by a loop
CHANNELS = 2  # of a group, up to which a matrix is too small for BLAS


def is_worth_it(products: int, groups: int, sides: tuple[int, int]) -> bool:
    """Whether there are groups, and their channels few."""
    return groups > 1 and products >= FROM and sides[1] <= CHANNELS


def product(x: np.ndarray, w: np.ndarray, bias: Any, slide: Slide) -> np.ndarray:
    """Every filter at every place, plus a number for each, or None.

    Shapes: (N, C, *S), (O, C / groups, *K), (O,) -> (N, O, *T).
    """
    places, groups = slide.places(x.shape[2:], w.shape[2:]), slide.groups
    y = pool.empty((len(x), len(w), *places), x.dtype)
    added = np.zeros((groups, len(w) // groups), x.dtype)
    if bias is not None:
        added += bias.reshape(added.shape)
    given = (_grouped(x, groups), _by_element(w, groups), added, _grouped(y, groups, False))
    _run("convolve", given, slide, w.shape, places, len(x))
    return y


def transposed(u: np.ndarray, w: np.ndarray, slide: Slide, shape: Sizes) -> np.ndarray:
    """The transpose in the images. Shapes: (N, O, *T), filters -> (N, C, *S)."""
    x, groups = pool.empty(shape, u.dtype), slide.groups
    given = (_grouped(u, groups), _by_element(w, groups), _grouped(x, groups, False))
    _run("transposed", given, slide, w.shape, u.shape[2:], len(x))
    return x


def gradient(x: np.ndarray, u: np.ndarray, slide: Slide, shape: Sizes) -> np.ndarray:
    """The transpose in the filters: images, (N, O, *T) -> (O, C / groups, *K)."""
    groups = slide.groups
    y = np.zeros((groups, shape[0] // groups, shape[1], math.prod(shape[2:])), x.dtype)
    given = (_grouped(x, groups), _grouped(u, groups), y)
    _run("gradient", given, slide, shape, u.shape[2:], groups)
    return y.reshape(shape)


def _run(name: str, given: Any, slide: Slide, w: Sizes, places: Sizes, jobs: int) -> None:
    """One loop, on as many threads as there are for so many jobs."""
    parting = Parting(w[2:], slide.stride, slide.dilation, slide.pads, places)
    count, dtype = min(jobs, int(threads.numba().get_num_threads())), given[0].dtype
    parts = parting.memory(count, parting.parts, w[1], dtype=dtype)
    lines = parting.memory(count, w[0] // slide.groups, dtype=dtype)
    more = (parting.is_place(),) if name == "gradient" else ()
    given, loops = (*given, *more, *parting.settings()), compiled.loops("planes")
    if count > 1:
        getattr(loops, f"{name}_parallel")(*given, parts, lines)
    else:
        getattr(loops, name)(*given, parts[0], lines[0], 0, jobs)


def is_large(g: Any) -> bool:
    """Whether planes are worth a loop to add them up."""
    return type(g) is np.ndarray and g.size >= SUMS_FROM and g.dtype.char in "fd"


def channel_sums(g: np.ndarray) -> np.ndarray:
    """The sum over images and places, added up in float64. Shapes: (N, O, *T) -> (O,)."""
    y = np.zeros(g.shape[1])
    given = _locked(g).reshape(*g.shape[:2], -1)
    loops = compiled.loops("planes")
    if threads.numba().get_num_threads() > 1:
        loops.sums_parallel(given, y)
    else:
        loops.sums(given, y, 0, len(y))
    return y.astype(g.dtype)


def _grouped(x: np.ndarray, groups: int, locked: bool = True) -> np.ndarray:
    """Channels as groups of them, on two axes. Shapes: (N, G * C, *S) -> (N, G, C, H, W)."""
    count, channels, *sizes = x.shape
    ones = (1,) * (2 - len(sizes))
    x = _locked(x) if locked else x
    return x.reshape(count, groups, channels // groups, *ones, *sizes)


def _by_element(w: np.ndarray, groups: int) -> np.ndarray:
    """Shapes: (G * O, C, *K) -> (G, O, C, elements)."""
    return _locked(w).reshape(groups, len(w) // groups, w.shape[1], -1)


def _locked(x: np.ndarray) -> np.ndarray:
    """Locked as the arrays of a graph are, so that all are of one type to compile for."""
    x = np.ascontiguousarray(x).view()
    x.flags.writeable = False
    return x
