"""Embedded data sets: `load(name)`, and the table of what there is; batches of any set.

emoji.py    pictures and words        text.py     tokens and vocabularies
mnist.py    handwritten digits        movies.py   rated sentences
dataset.py  rows, parts of a set      loader.py  stacking.py    rows to batches
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ..kernels.errors import OptionError
from . import emoji, mnist, movies
from .dataset import Subset, TensorDataset, random_split
from .loader import DataLoader
from .stacking import collate
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
        DataSet(
            "mnist",
            mnist.load,
            "mnist.npz",
            "10,000 handwritten digits of MNIST's training set, 28x28 grey",
            "pictures CC-BY-SA-3.0, package MIT-mnist",
        ),
        DataSet(
            "movies",
            movies.load,
            "movies.npz",
            "10,605 sentences of film reviews, rated from -4 to 4",
            "ratings MIT-vaderSentiment, sentences CC-BY-4.0",
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


__all__ = [
    "SETS",
    "DataLoader",
    "DataSet",
    "Subset",
    "TensorDataset",
    "Vocabulary",
    "collate",
    "load",
    "random_split",
    "tokens",
]
