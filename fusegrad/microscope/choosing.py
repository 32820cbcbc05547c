"""Which elements of which parameters are followed."""

from __future__ import annotations

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
        """The elements of one of `count` parameters, as flat indices.

        Raises: OptionError for an index that picks no one element.
        """
        if self.asked:
            return np.array([flat(name, shape, i) for i in self.asked.get(name, ())], int)
        size = int(np.prod(shape, dtype=int))
        share = max(0, min(size, max(self.budget // count, 1), self.budget - taken))
        return np.unique(np.linspace(0, max(size - 1, 0), share).round().astype(int))


def flat(name: str, shape: tuple[int, ...], index: Any) -> int:
    """The flat index of one element. Raises: OptionError where it picks none, or several."""
    numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    try:
        picked = np.asarray(numbers[index])
    except IndexError as error:
        got, repair = f"{index!r}: {error}", "write (row, column)"
        raise OptionError(WHERE, f"an index into {name} {shape}", got, repair) from None
    if picked.size != 1:
        got = f"{index!r}, which picks {picked.size} of {name} {shape}"
        raise OptionError(WHERE, "an index of one element", got, "write (row, column)")
    return int(picked.reshape(())[()])
