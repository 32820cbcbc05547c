"""Emoji: pictures with their keywords."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import data, nn
from ..multimodal.encoder import BagOfWords
from .parts import Pixels, counted, dropped, ended, patches
from .task import WIDTH

# Pixels are centred and shrunk so that 3,072 of them do not drown a handful of words: at full
# size the image branch takes nearly all of the gradient and the fused network loses to words.
PIXEL_SCALE = 0.1 / 255
WORD_STD = 0.1
PATCH = 8  # pixels


class EmojiTask:
    """Emoji to their eight groups, from pictures and from words."""

    name = "emoji"
    noun = "pictures"
    modalities: tuple[str, ...] = ("image", "text")

    def __init__(self, device: str = "cpu") -> None:
        self.data = data.load("emoji")
        self.classes, self.labels = self.data.classes, self.data.label.astype(np.int64)
        self.split: dict[str, np.ndarray] = self.data.split
        train = self.split["train"]
        self.vocabulary = data.Vocabulary([self.data.text[i] for i in train])
        self._pixels = Pixels(self.data.image, train, PIXEL_SCALE, device)

    def inputs(self, rows: np.ndarray, modalities: Sequence[str]) -> dict[str, Any]:
        """By modality: image (B, 3072) float32; text (word numbers, offsets (B,))."""
        made: dict[str, Callable[[], Any]] = {
            "image": lambda: self._pixels[rows],
            "text": lambda: self.vocabulary.bags([self.data.text[i] for i in rows]),
        }
        return {name: made[name]() for name in modalities}

    def branch(
        self, modality: str, rng: np.random.Generator, *, tokens: bool = False
    ) -> nn.Module:
        """One hidden layer of rectified units over pixels, or over the sum of word vectors; as
        tokens, over each of 16 squares of the picture, and each word."""
        words = len(self.vocabulary)
        if tokens and modality == "image":
            return patches(self.data.image.shape[1:], PATCH, rng)
        if tokens:
            return dropped(BagOfWords(words, WIDTH, std=WORD_STD, tokens=True, rng=rng), rng)
        if modality == "image":
            return ended(nn.Linear(self._pixels.width, WIDTH, rng=rng), rng)
        return ended(nn.EmbeddingBag(words, WIDTH, "sum", std=WORD_STD, rng=rng), rng)

    def plain(self, modality: str) -> tuple[nn.Module, int]:
        """The numbers of the picture as they are; which words occur, as ones and zeros."""
        if modality == "image":
            return nn.Identity(), self._pixels.width
        return counted(len(self.vocabulary))

    def picture(self, row: int) -> np.ndarray:
        """(32, 32, 3) uint8."""
        return self.data.image[row]

    def words(self, row: int) -> str:
        """Name and keywords of a row."""
        return self.data.text[row]
