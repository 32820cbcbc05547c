"""Spam: the words of a mail with 14 numbers of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import data, nn
from ..kernels.device import device_of, to_device
from ..multimodal.encoder import BagOfWords, Standardise, TableEncoder
from .parts import counted, dropped, ended
from .task import WIDTH

WORD_STD = 0.1
SHOWN = 12  # words of a mail, in the report


class SpamTask:
    """Mails to ham or spam, from the words that occur and from a table."""

    name = "spam"
    noun = "mails"
    modalities: tuple[str, ...] = ("words", "table")

    def __init__(self, device: str = "cpu") -> None:
        self.data = data.load("spam")
        self.classes, self.labels = self.data.classes, self.data.label.astype(np.int64)
        self.split: dict[str, np.ndarray] = self.data.split
        table = self.data.table.copy()
        links = self.data.columns.index("links")
        table[:, links] = np.log1p(table[:, links])  # one mail has 3,131 of them
        self._table = to_device(table, device)
        self._count = np.bincount(self.data.indices, minlength=len(self.data.vocab))

    def inputs(self, rows: np.ndarray, modalities: Sequence[str]) -> dict[str, Any]:
        """By modality: words (word numbers, offsets (B,)); table (B, 14) float32."""
        made: dict[str, Callable[[], Any]] = {
            "words": lambda: self.data.bags(rows),
            "table": lambda: self._table[to_device(rows, device_of(self._table))],
        }
        return {name: made[name]() for name in modalities}

    def branch(
        self, modality: str, rng: np.random.Generator, *, tokens: bool = False
    ) -> nn.Module:
        """One hidden layer of rectified units over the sum of word vectors, as tokens over each
        word, or over the columns, standardised by the training rows."""
        if modality == "table":
            table = TableEncoder(len(self.data.columns), WIDTH, (), rng=rng)
            train = self.split["train"]
            return ended(table.fit(self._table[to_device(train, device_of(self._table))]), rng)
        words = len(self.data.vocab)
        if tokens:
            return dropped(BagOfWords(words, WIDTH, std=WORD_STD, tokens=True, rng=rng), rng)
        return ended(nn.EmbeddingBag(words, WIDTH, "sum", std=WORD_STD, rng=rng), rng)

    def plain(self, modality: str) -> tuple[nn.Module, int]:
        """The columns, standardised; which words occur, as ones and zeros."""
        if modality == "table":
            train = self.split["train"]
            columns = Standardise(len(self.data.columns))
            rows = self._table[to_device(train, device_of(self._table))]
            return columns.fit(rows), len(self.data.columns)
        return counted(len(self.data.vocab))

    def picture(self, row: int) -> None:
        """A mail has no face."""

    def words(self, row: int) -> str:
        """Some words of a mail, those that the fewest mails have; more is not stored."""
        known = self.data.bags(int(row))[0]
        rare = sorted(known[np.argsort(self._count[known], kind="stable")[:SHOWN]])
        said = ", ".join(self.data.vocab[word] for word in rare)
        return f"mail {row} | {said or 'no known word'}"
