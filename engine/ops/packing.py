"""The parts of a decomposition: a node has one output, so they travel side by side in it."""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import prod
from typing import Any

from .indexing import getitem
from .shaping import concat, reshape

Shape = tuple[int, ...]


def unpack(y: Any, *shapes: Shape) -> list[Any]:
    """The parts, which have these shapes behind the leading axes. Shapes: (..., total) ->
    (..., *shape) each."""
    bounds = accumulate(map(prod, shapes), initial=0)
    pieces = [getitem(y, (..., slice(*ends))) for ends in pairwise(bounds)]
    return [reshape(p, (*y.shape[:-1], *shape)) for p, shape in zip(pieces, shapes)]


def pack(lead: Shape, *parts: Any) -> Any:
    """What `unpack` takes apart. Shapes: (*lead, ...) each -> (*lead, total)."""
    flat = [reshape(p, (*lead, prod(p.shape[len(lead) :]))) for p in parts]
    return concat(flat, -1)
