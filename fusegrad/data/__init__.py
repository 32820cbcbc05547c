"""Embedded data sets: `load(name)`, and the table of what there is.

emoji.py    pictures and words        text.py     tokens and vocabularies
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ..kernels.errors import OptionError
from . import emoji
from .text import Vocabulary, tokens


@dataclass(frozen=True)
class DataSet:
    """A row of the table: what a set is and under which licence it may be used."""

    name: str
    load: Callable[[], Any]
    file: str
    what: str
    licence: str

    @property
    def size(self) -> int:
        """Bytes of the embedded file."""
        return len(files(__package__).joinpath(self.file).read_bytes())


SETS = {
    s.name: s
    for s in (
        DataSet(
            "emoji",
            emoji.load,
            "emoji.npz",
            "1,601 emoji: 32x32 colour pictures with their keywords, 8 groups",
            "pictures Apache-2.0 / OFL-1.1, words Unicode-DFS-2016",
        ),
    )
}


def load(name: str) -> Any:
    """A data set by name.

    Raises: OptionError, which lists the names there are.
    """
    if name not in SETS:
        raise OptionError(
            "data.load", f"a set among {', '.join(SETS)}", repr(name), "see `fusegrad data`"
        )
    return SETS[name].load()


__all__ = ["SETS", "DataSet", "Vocabulary", "load", "tokens"]
