"""Arrays with a border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels import OptionError, ShapeError
from ..tape import apply
from .broadcast import broadcast_to
from .indexing import INDEX_SET, pick
from .rearrange import along
from .shaping import as_array
from .updating import like

MODES = ("constant", "reflect", "edge", "wrap", "symmetric")
Widths = int | Sequence[int] | Sequence[Sequence[int]]


def pad(x: Any, widths: Widths, mode: str = "constant", value: Any = 0.0) -> Any:
    """x with a border around it: of a value, or of its own elements.

    `widths` is one number for all, (before, after) for every axis, or such a pair for each.
    Modes are NumPy's: "reflect" mirrors without the edge and "symmetric" with it, "edge"
    repeats it, "wrap" goes on at the other end. `value` may be a Tensor, and gets a gradient.
    Raises: OptionError for a mode that is none of these and for negative widths, ShapeError
    for widths of other axes than x has and for an empty axis with nothing to repeat.
    Differs: PyTorch counts the axes of its widths from the last.
    """
    x = as_array(x)
    if mode not in MODES:
        rule = f"mode in {', '.join(MODES)}"
        raise OptionError("pad", rule, repr(mode), "choose one of these")
    pairs = _pairs(widths, x.shape)
    if mode == "constant":
        inner = tuple(slice(b, b + n) for n, (b, _) in zip(x.shape, pairs))
        shape = [b + n + a for n, (b, a) in zip(x.shape, pairs)]
        return apply(INDEX_SET, broadcast_to(like(value, x), shape), x, index=inner)
    for axis, (n, pair) in enumerate(zip(x.shape, pairs)):
        if any(pair):
            x = pick(x, along(axis, _mirrored(n, pair, mode)))
    return x


def _mirrored(n: int, pair: tuple[int, int], mode: str) -> Any:
    """Which element stands where, along a padded axis of length n."""
    if not n:
        raise ShapeError("pad", "an element to repeat", f"mode {mode!r}", "pad with a value")
    return np.pad(np.arange(n), pair, mode)  # type: ignore[call-overload]


def _pairs(widths: Any, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    given = np.asarray(widths)
    if given.shape not in ((), (1,), (2,), (1, 2), (len(shape), 2)):
        rule, got = f"one number, one pair, or {len(shape)} pairs", f"widths={widths}"
        raise ShapeError("pad", rule, got, f"x has shape {shape}")
    if given.dtype.kind not in "iu" or (given < 0).any():
        repair = "cut with slices"
        raise OptionError("pad", "whole widths of 0 or more", f"widths={widths}", repair)
    return [(int(b), int(a)) for b, a in np.broadcast_to(given, (len(shape), 2))]
