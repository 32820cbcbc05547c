"""6,046 mails, reduced: the words of each that are known, and 14 numbers of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar

import numpy as np

from .text import Bags

TRAIN, TEST_FROM = 4320, 4800
COLUMNS = [
    "log of the length",
    "has HTML",
    "has several parts",
    "text parts",
    "Received headers",
    "links",
    "share of capitals",
    "exclamation marks a hundred characters",
    "is a reply by its subject",
    "length of the subject",
    "hour sent",
    "has List-Id",
    "has In-Reply-To",
    "has X-Mailer",
]


@dataclass(frozen=True, eq=False, repr=False)
class Spam(Bags):
    """Naturally paired words and numbers of mails. No mail can be read here: of the words only
    which occur is kept, neither how often nor in which order.

    Shapes: indices (374634,) uint16, all mails end to end, rows of vocab (2000); indptr
    (6047,) int32, mail i is indices[indptr[i]:indptr[i + 1]], sorted, 0 to 532 words; table
    (6046, 14) float32, raw, one column a name of columns, hour -1 where unknown; label (6046,)
    uint8, an index into classes (2); split {"train": (4320,), "validation": (480,),
    "test": (1246,)} row numbers, disjoint.

    >>> spam = load()
    >>> spam.classes[spam.label[5]], dict(zip(spam.columns, spam.table[5]))["text parts"]
    ('ham', np.float32(1.0))
    """

    numbers: ClassVar[str] = "indices"
    indices: np.ndarray
    indptr: np.ndarray
    vocab: list[str]
    table: np.ndarray
    columns: list[str]
    label: np.ndarray
    classes: list[str]
    split: dict[str, np.ndarray]

    def words(self, row: int) -> list[str]:
        """The known words of a mail, in alphabetical order."""
        return [self.vocab[word] for word in self.bags(row)[0]]

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(rows)} {name}" for name, rows in self.split.items())
        return f"Spam({len(self.label)} mails of {len(self.vocab)} words: {parts})"


def load() -> Spam:
    """The embedded set, with its fixed split: rows in the order of RandomState(0).permutation,
    the first 4,320 for training, the next 480 for validation, the last 1,246 for the test.

    On these test rows a logistic regression (C = 0.1, trained on the other 4,800 rows) is right
    in 98.2 % from the words, 92.9 % from the standardised table, 98.8 % from both.
    """
    source = files(__package__).joinpath("spam.npz")
    with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        indices, indptr, table = arrays["indices"], arrays["indptr"], arrays["table"]
        label, vocab = arrays["y"], arrays["vocab"].tolist()
    order = np.random.RandomState(0).permutation(len(label))  # this stream never changes
    train, validation, test = np.split(order, [TRAIN, TEST_FROM])
    split = {"train": train, "validation": validation, "test": test}
    return Spam(indices, indptr, vocab, table, list(COLUMNS), label, ["ham", "spam"], split)
