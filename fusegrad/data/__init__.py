"""Embedded data sets: `load(name)`, and the table of what there is; batches of any set.

emoji.py      pictures and words        spam.py       words and numbers of mails
mnist.py      handwritten digits        syllables.py  sound and spelling
movies.py     rated sentences           av_digits.py  spoken_digits.py  digits seen and heard
dataset.py    rows, parts of a set      text.py       tokens, vocabularies, bags
loader.py     stacking.py               rows to batches

A user's own rows: folder.py, folder_rows.py, folder_table.py, folder_media.py over rows_csv.py;
files of one row: png.py, png_pixels.py, picture_file.py, sound_file.py, array_file.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ..kernels.errors import OptionError
from . import av_digits, emoji, mnist, movies, spam, syllables
from .dataset import Subset, TensorDataset, random_split
from .folder import Folder, read_folder
from .loader import DataLoader
from .stacking import collate
from .text import Vocabulary, tokens


@dataclass(frozen=True)
class DataSet:
    """A row of the table: what a set is and under which licence it may be used."""

    name: str
    load: Callable[..., Any]
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
        DataSet(
            "spam",
            spam.load,
            "spam.npz",
            "6,046 mails, ham or spam: which of 2,000 words occur, and 14 numbers",
            "database PDDL-1.0, contents CC0-1.0",
        ),
        DataSet(
            "syllables",
            syllables.load,
            "syllables.npz",
            "1,158 spoken Mandarin syllables of one speaker: 32x32 log-mel, spelling, tone",
            "recordings CC-BY-3.0 (ChionMeilin with the vocal source from Chu Lo)",
        ),
        DataSet(
            "av_digits",
            av_digits.load,
            "mnist.npz",
            "8,500 pairs of an MNIST digit and a spoken one, which FUSEGRAD_DATA must hold",
            "pictures CC-BY-SA-3.0; the recordings are not embedded",
        ),
    )
}


def load(name: str, **options: Any) -> Any:
    """A data set by name; options, where a set has any, are those of its own `load`.

    Raises: OptionError, which lists the names there are.
    """
    if name not in SETS:
        raise OptionError(
            "data.load", f"a set among {', '.join(SETS)}", repr(name), "see `fusegrad data`"
        )
    return SETS[name].load(**options)


__all__ = [
    "SETS",
    "DataLoader",
    "DataSet",
    "Folder",
    "Subset",
    "TensorDataset",
    "Vocabulary",
    "collate",
    "load",
    "random_split",
    "read_folder",
    "tokens",
]
