"""An index that picks elements more than once, made to pick each of them once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...kernels import device
from ...kernels.gather import may_repeat, places
from ..tape import apply
from .indexing import INDEX_SET, pick
from .rearrange import along
from .shaping import reshape

Unite = Callable[[Any, Any, int], tuple[Any, Any]]


def once(v: Any, index: Any, shape: tuple[int, ...], unite: Unite) -> tuple[Any, Any]:
    """Values for what an index picks from a shape, and that index, with the values for one
    place united. `unite` has them along an axis of v, and the place of each."""
    if not may_repeat(index):
        return v, index
    parts, first, last = _ordered(_on_host(index), shape)
    sizes = shape[first:last]
    given = np.ravel_multi_index(np.broadcast_arrays(*parts[first:last]), sizes, mode="wrap")
    spots = given.ravel()
    if len(np.unique(spots)) == len(spots):
        return v, index
    after = v.shape[len(v.shape) - (len(shape) - last) :]
    v = reshape(v, (*v.shape[:first], len(spots), *after))
    v, spots = unite(v, spots, first)
    return v, (*parts[:first], *np.unravel_index(spots, sizes), *parts[last:])


def _on_host(index: Any) -> tuple[Any, ...]:
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(device.to_device(p, "cpu") if device.is_cuda(p) else p for p in parts)


def _ordered(index: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, int, int]:
    """The same index as slices, arrays of integers from `first` to `last`, and slices; where
    that is not its form, as arrays alone."""
    masks = [getattr(p, "dtype", None) == np.bool_ and p.ndim > 0 for p in index]
    split = [p.nonzero() if is_mask else (p,) for p, is_mask in zip(index, masks)]
    parts = [p for several in split for p in several]
    for k in [k for k, p in enumerate(parts) if p is Ellipsis]:
        parts[k : k + 1] = [slice(None)] * (len(shape) - len(parts) + 1)
    at = [k for k, p in enumerate(parts) if not isinstance(p, slice)]
    together = len(at) == at[-1] + 1 - at[0]
    if together and all(np.asarray(parts[k]).dtype.kind in "iu" for k in at):
        return parts, at[0], at[-1] + 1
    return np.unravel_index(places(index, shape).ravel(), shape), 0, len(shape)


def last(v: Any, spots: Any, axis: int) -> tuple[Any, Any]:
    """The last of the values for each place."""
    found, from_end = np.unique(spots[::-1], return_index=True)
    return pick(v, along(axis, len(spots) - 1 - from_end)), found


def folded(combine: Callable[[Any, Any], Any]) -> Unite:
    """All values for each place in one: in pairs, then pairs of pairs, so that the steps are
    few and every one has a derivative."""

    def fold(v: Any, spots: Any, axis: int) -> tuple[Any, Any]:
        order = np.argsort(spots, kind="stable")
        v, spots = pick(v, along(axis, order)), spots[order]
        while True:
            begins = np.flatnonzero(np.diff(spots, prepend=-1))
            counts = np.diff(begins, append=len(spots))
            is_second = (np.arange(len(spots)) - np.repeat(begins, counts)) % 2 == 1
            second = np.flatnonzero(is_second)
            if not len(second):
                return v, spots
            firsts = along(axis, second - 1)
            pairs = combine(pick(v, firsts), pick(v, along(axis, second)))
            v = apply(INDEX_SET, v, pairs, index=firsts)
            v, spots = pick(v, along(axis, np.flatnonzero(~is_second))), spots[~is_second]

    return fold
