"""1,158 spoken Mandarin syllables of one speaker, with their spelling and their tone."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from .dataset import row_numbers

TEST, VALIDATION = 77, 39  # spellings
CLASSES = ["first tone", "neutral tone", "second tone", "third tone", "fourth tone"]


@dataclass(frozen=True, eq=False, repr=False)
class Syllables:
    """Naturally paired sound and spelling; the spelling (zhuyin) does not write the tone.

    Shapes: logmel (1158, 32, 32) uint8, 0 to 255 for 80 dB, (mel band from low to high,
    moment); text 1158 spellings of 1 to 3 symbols; symbols, the 37 there are; label (1158,)
    uint8, an index into classes (5), 303, 11, 236, 288 and 320 of each; split
    {"train": (815,), "validation": (114,), "test": (229,)} row numbers: all tones of a spelling
    lie in one part.

    The first tone is what the source writes without a digit, as zhuyin leaves it unmarked.
    """

    logmel: np.ndarray
    text: list[str]
    symbols: list[str]
    label: np.ndarray
    classes: list[str]
    split: dict[str, np.ndarray]

    def bags(self, rows: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Symbol numbers of some spellings end to end, in their order, and where each begins.

        Shapes: (number of symbols,), (number of rows,) int64, as `nn.EmbeddingBag` takes them.
        Raises: OptionError for rows that are not there.
        """
        rows = np.atleast_1d(row_numbers("Syllables", rows, len(self.text)))
        number = {symbol: k for k, symbol in enumerate(self.symbols)}
        found = [[number[symbol] for symbol in self.text[row]] for row in rows]
        offsets = np.cumsum([0, *map(len, found)])[:-1]
        return np.array([k for spelling in found for k in spelling], np.int64), offsets

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(rows)} {name}" for name, rows in self.split.items())
        return f"Syllables({len(self.text)} recordings, {len(self.symbols)} symbols: {parts})"


def load() -> Syllables:
    """The embedded set, with its fixed split, by spelling: the 387 spellings, sorted, in the
    order of RandomState(0).permutation, the first 77 for the test, the next 39 for validation,
    the rest for training.

    A split of rows would tell a network which tones of a test spelling are left over.
    """
    source = files(__package__).joinpath("syllables.npz")
    with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        logmel, label = arrays["logmel"], arrays["tone"]
        text = arrays["zhuyin"].item().decode().split("\n")
    symbols = sorted(set("".join(text)))
    return Syllables(logmel, text, symbols, label, list(CLASSES), _split(text))


def _split(text: list[str]) -> dict[str, np.ndarray]:
    """Row numbers by part, in the order of the file."""
    names, spelling = np.unique(text, return_inverse=True)
    order = np.random.RandomState(0).permutation(len(names))  # this stream never changes
    test, validation, train = np.split(order, [TEST, TEST + VALIDATION])
    parts = {"train": train, "validation": validation, "test": test}
    return {name: np.flatnonzero(np.isin(spelling, part)) for name, part in parts.items()}
