"""10,605 sentences of film reviews, each with the mean rating of 15 to 29 people."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, ClassVar

import numpy as np

from .text import Bags

TRAIN, TEST_FROM = 7636, 8484


@dataclass(frozen=True, eq=False, repr=False)
class Movies(Bags):
    """Sentences as word numbers, in the order of the words. Words seen once are left out.

    Shapes: ids (190988,) uint16, all sentences end to end, rows of vocab (10139), the most
    frequent word first; indptr (10606,) int32, sentence i is ids[indptr[i]:indptr[i + 1]],
    0 to 51 words; rating (10605,) float32, -4 (bad) to 4 (good); label (10605,) uint8, an index
    into classes (2), 1 where the rating is above 0 (37 of the others are 0 itself); split
    {"train": (7636,), "validation": (848,), "test": (2121,)} row numbers, disjoint.

    >>> movies = load()
    >>> movies.text(2), movies.rating[2], movies.label[2]
    ('effective but too tepid biopic', np.float32(-0.6), np.uint8(0))
    >>> movies.padded([2, 3])[1]
    array([ 5, 19])
    """

    numbers: ClassVar[str] = "ids"
    ids: np.ndarray
    indptr: np.ndarray
    rating: np.ndarray
    vocab: list[str]
    label: np.ndarray
    classes: list[str]
    split: dict[str, np.ndarray]

    def sentences(self, rows: Any = slice(None)) -> list[np.ndarray]:
        """An array of word numbers for each sentence."""
        words, offsets = self.bags(rows)
        return np.split(words, offsets[1:]) if len(offsets) else []

    def padded(self, rows: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Sentences one below the other, filled up to the longest, and their lengths.

        The filling is len(vocab), which is no word: an `nn.Embedding` for it has len(vocab) + 1
        rows. Shapes: (N, T), (N,) int64.
        """
        words, offsets = self.bags(rows)
        lengths = np.diff(offsets, append=len(words))
        filled = np.arange(lengths.max(initial=0)) < lengths[:, None]  # (N, T)
        table = np.full(filled.shape, len(self.vocab))
        table[filled] = words
        return table, lengths

    def text(self, row: int) -> str:
        """The words of a sentence."""
        return " ".join(self.vocab[word] for word in self.bags(row)[0])

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(rows)} {name}" for name, rows in self.split.items())
        return f"Movies({len(self.rating)} sentences of {len(self.vocab)} words: {parts})"


def load() -> Movies:
    """The embedded set, with its fixed split: rows in the order of RandomState(0).permutation,
    the first 7,636 for training, the next 848 for validation, the last 2,121 for the test.

    On these test rows a logistic regression of the words that occur (C = 0.5, those of two
    sentences or more, trained on the other 8,484 rows) is right in 75.9 %.
    """
    source = files(__package__).joinpath("movies.npz")
    with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        ids, indptr, rating = arrays["ids"], arrays["indptr"], arrays["rating"]
        vocab = arrays["vocab"].tolist()
    order = np.random.RandomState(0).permutation(len(rating))  # this stream never changes
    train, validation, test = np.split(order, [TRAIN, TEST_FROM])
    split = {"train": train, "validation": validation, "test": test}
    label = (rating > 0).astype(np.uint8)
    return Movies(ids, indptr, rating, vocab, label, ["not positive", "positive"], split)
