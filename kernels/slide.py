"""How filters slide over images: by what steps, in what border, and what meets what."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .windows import Pads, Sizes


class Slide(NamedTuple):
    """Filters whose elements stand `dilation` apart move by `stride` over images in a border of
    `pads` zeros, a group of channels for each of `groups` groups of filters."""

    stride: Sizes
    dilation: Sizes
    groups: int
    pads: Pads

    def places(self, sizes: Sizes, filters: Sizes) -> Sizes:
        """How often filters of these sizes stop on such images."""
        each = zip(sizes, filters, self.stride, self.dilation, self.pads)
        return tuple((n + a + b - d * (k - 1) - 1) // s + 1 for n, k, s, d, (a, b) in each)

    def flat(self, *arrays: Any) -> tuple[Slide, list[Any]]:
        """Along two axes where it was along one, of which the first then has one element."""
        if len(self.stride) == 2:
            return self, list(arrays)
        pads = ((0, 0), *self.pads)
        flat = Slide((1, *self.stride), (1, *self.dilation), self.groups, pads)
        return flat, [a[:, :, None] for a in arrays]

    def meetings(self, made: Sizes, given: Sizes, filters: Sizes, back: bool = False) -> Any:
        """`meetings` of both axes."""
        settings = zip(made, given, filters, self.stride, self.dilation, self.pads)
        return tuple(meetings(*sizes, pad[0], back) for *sizes, pad in settings)


@lru_cache(256)
def meetings(
    made: int, given: int, size: int, stride: int, dilation: int, before: int, back: bool
) -> np.ndarray:
    """Which of the given elements of an axis element k of a filter meets where element t is
    made, or, on the way back, makes it of: -1 for none. Shapes: (made, size)."""
    t, shift = np.arange(made)[:, None], np.arange(size) * dilation - before
    if back:
        found = np.where((t - shift) % stride, -1, (t - shift) // stride)
    else:
        found = t * stride + shift
    return np.where((found < 0) | (found >= given), -1, found)
