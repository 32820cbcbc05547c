"""Which elements of which parameters are followed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..kernels import OptionError

WHERE = "trace"


@dataclass(frozen=True)
class Choice:
    """Elements asked for, by the name of the parameter; or, where none are, how many to spread
    evenly over all parameters."""

    asked: Mapping[str, Iterable[Any]] = field(default_factory=dict)
    budget: int = 64

    def elements(self, name: str, shape: tuple[int, ...], count: int, taken: int) -> np.ndarray:
        """The elements of one of `count` parameters, as flat indices; `taken` is how many of
        the others are followed.

        Raises: OptionError for an index that picks no one element.
        """
        if self.asked:
            every = [flat(name, shape, i) for i in self.asked.get(name, ())]
            return np.array(list(dict.fromkeys(every)), int)
        size = math.prod(shape)
        share = max(0, min(size, max(self.budget // count, 1), self.budget - taken))
        return np.unique(np.linspace(0, max(size - 1, 0), share).round().astype(int))


def choice(follow: Any, elements: Any) -> Choice:
    """What a user asked for. Raises: OptionError for what asks for nothing."""
    if not isinstance(elements, int) or elements < 0:
        expected, repair = "elements of at least 0", "leave it out for 64"
        raise OptionError(WHERE, expected, repr(elements), repair)
    asked = {} if follow is None else follow
    if not isinstance(asked, Mapping) or not all(_is_listed(i) for i in asked.values()):
        expected, repair = "follow={name: [index, ...]}", "write follow={'weight': [(0, 1)]}"
        raise OptionError(WHERE, expected, repr(follow), repair)
    return Choice({name: tuple(indices) for name, indices in asked.items()}, elements)


def _is_listed(indices: Any) -> bool:
    return isinstance(indices, Iterable) and not isinstance(indices, (str, bytes))


def wanted(graphs: Any) -> frozenset[int]:
    """The numbers of passes. Raises: OptionError for what is no number."""
    every = range(graphs) if isinstance(graphs, int) else graphs
    listed = tuple(every) if isinstance(every, Iterable) else (None,)
    is_below = isinstance(graphs, int) and graphs < 0
    if is_below or not all(isinstance(k, int) and k >= 0 for k in listed):
        expected, repair = "how many passes, or numbers of passes", "count from 0"
        raise OptionError(WHERE, expected, repr(graphs), repair)
    return frozenset(listed)


def flat(name: str, shape: tuple[int, ...], index: Any) -> int:
    """The flat index of one element. Raises: OptionError where it picks none, or several."""
    try:
        axes = np.ogrid[tuple(map(slice, shape))] if shape else ()
        picked = [np.broadcast_to(axis, shape)[index] for axis in axes]
        chosen = np.broadcast_to(0, shape)[index]
    except IndexError as error:
        got, repair = f"{index!r}: {error}", "write (row, column)"
        raise OptionError(WHERE, f"an index into {name} {shape}", got, repair) from None
    if np.size(chosen) != 1:
        got = f"{index!r}, which picks {np.size(chosen)} of {name} {shape}"
        raise OptionError(WHERE, "an index of one element", got, "write (row, column)")
    at = tuple(int(np.asarray(x).item()) for x in picked)
    return int(np.ravel_multi_index(at, shape)) if shape else 0
