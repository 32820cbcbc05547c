"""Syllables: Mandarin as it sounds, with its spelling, which does not write the tone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import data, nn
from ..multimodal.encoder import BagOfWords
from .parts import FULL_SCALE, Pixels, counted, dropped, ended, moments, sound_picture
from .task import WIDTH

WORD_STD = 0.1
NEUTRAL = "neutral tone"  # of 11 recordings, too few to learn


class SyllablesTask:
    """Syllables to their four tones, from the sound and from the spelling.

    The spelling alone says next to nothing of the tone, since no spelling is in two parts of
    the split: what a useless modality does to a fusion is seen here.
    """

    name = "syllables"
    noun = "recordings"
    modalities: tuple[str, ...] = ("audio", "text")

    def __init__(self, device: str = "cpu") -> None:
        self.data = data.load("syllables")
        neutral = self.data.classes.index(NEUTRAL)
        self.rows = np.flatnonzero(self.data.label != neutral)  # of the data set
        self.classes = [name for name in self.data.classes if name != NEUTRAL]
        label = self.data.label[self.rows].astype(np.int64)
        self.labels = label - (label > neutral)
        self.split: dict[str, np.ndarray] = {
            part: np.flatnonzero(np.isin(self.rows, rows))
            for part, rows in self.data.split.items()
        }
        sound = self.data.logmel[self.rows]
        self._sound = Pixels(sound, self.split["train"], FULL_SCALE, device)

    def inputs(self, rows: np.ndarray, modalities: Sequence[str]) -> dict[str, Any]:
        """By modality: audio (B, 1024) float32; text (symbol numbers, offsets (B,))."""
        made: dict[str, Callable[[], Any]] = {
            "audio": lambda: self._sound[rows],
            "text": lambda: self.data.bags(self.rows[rows]),
        }
        return {name: made[name]() for name in modalities}

    def branch(
        self, modality: str, rng: np.random.Generator, *, tokens: bool = False
    ) -> nn.Module:
        """One hidden layer of rectified units over the log-mel picture, or over the sum of the
        vectors of symbols; as tokens, over moments, and over each symbol."""
        symbols = len(self.data.symbols)
        if tokens and modality == "audio":
            return moments(self.data.logmel.shape[1:], rng)
        if tokens:
            return dropped(BagOfWords(symbols, WIDTH, std=WORD_STD, tokens=True, rng=rng), rng)
        if modality == "audio":
            return ended(nn.Linear(self._sound.width, WIDTH, rng=rng), rng)
        return ended(nn.EmbeddingBag(symbols, WIDTH, "sum", std=WORD_STD, rng=rng), rng)

    def plain(self, modality: str) -> tuple[nn.Module, int]:
        """The numbers of the picture as they are; which words occur, as ones and zeros."""
        if modality == "audio":
            return nn.Identity(), self._sound.width
        return counted(len(self.data.symbols))

    def picture(self, row: int) -> np.ndarray:
        """The log-mel picture, low bands below. Shapes: (32, 32, 3) uint8."""
        return sound_picture(self.data.logmel[self.rows[row]])

    def words(self, row: int) -> str:
        """The spelling."""
        return self.data.text[self.rows[row]]
