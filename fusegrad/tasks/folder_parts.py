"""The modalities of a folder: how rows of each become inputs, and a branch for each."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from .. import nn
from ..data import Vocabulary
from ..data.folder_table import standardised
from ..data.text import words
from ..kernels import OptionError
from ..kernels.device import device_of, to_device
from ..multimodal.encoder import BagOfWords, Standardise, TableEncoder
from .emoji import PATCH, PIXEL_SCALE, WORD_STD
from .parts import FULL_SCALE, Pixels, counted, dropped, ended, moments, patches
from .task import WIDTH


class Part(Protocol):
    """One modality: the inputs of its branch for some rows, the branch, and it as it is."""

    def __getitem__(self, rows: np.ndarray) -> Any: ...
    def branch(self, rng: np.random.Generator, tokens: bool) -> nn.Module: ...
    def plain(self) -> tuple[nn.Module, int]: ...


class Pictures:
    """One hidden layer over the pixels; as tokens, one for each of 16 squares."""

    def __init__(self, image: np.ndarray, train: np.ndarray, device: str) -> None:
        self.image = image if image.dtype == np.uint8 else _scaled(image, train)
        self._pixels = Pixels(self.image, train, PIXEL_SCALE, device)

    def __getitem__(self, rows: np.ndarray) -> Any:
        return self._pixels[rows]

    def branch(self, rng: np.random.Generator, tokens: bool) -> nn.Module:
        if tokens:
            return patches(self.image.shape[1:], PATCH, rng)
        return ended(nn.Linear(self._pixels.width, WIDTH, rng=rng), rng)

    def plain(self) -> tuple[nn.Module, int]:
        return nn.Identity(), self._pixels.width


class Sounds:
    """One hidden layer over the log-mel picture; as tokens, one for every second moment."""

    def __init__(self, logmel: np.ndarray, train: np.ndarray, device: str) -> None:
        self.shape = logmel.shape[1:]
        self._pixels = Pixels(logmel, train, FULL_SCALE, device)

    def __getitem__(self, rows: np.ndarray) -> Any:
        return self._pixels[rows]

    def branch(self, rng: np.random.Generator, tokens: bool) -> nn.Module:
        if tokens:
            return moments(self.shape, rng)
        return ended(nn.Linear(self._pixels.width, WIDTH, rng=rng), rng)

    def plain(self) -> tuple[nn.Module, int]:
        return nn.Identity(), self._pixels.width


class Texts:
    """One hidden layer over the sum of word vectors; as tokens, one for each word. Words are
    those that two training texts have.

    Raises: OptionError where there are none.
    """

    def __init__(self, name: str, texts: list[str], train: np.ndarray) -> None:
        self.texts = texts
        self.vocabulary = Vocabulary([texts[i] for i in train], split=words)
        if not len(self.vocabulary):
            got, repair = "none", "add rows, or take the column out"
            raise OptionError(f"text {name}", "words of two training rows", got, repair)

    def __getitem__(self, rows: np.ndarray) -> Any:
        return self.vocabulary.bags([self.texts[i] for i in rows])

    def branch(self, rng: np.random.Generator, tokens: bool) -> nn.Module:
        count = len(self.vocabulary)
        if tokens:
            return dropped(BagOfWords(count, WIDTH, std=WORD_STD, tokens=True, rng=rng), rng)
        return ended(nn.EmbeddingBag(count, WIDTH, "sum", std=WORD_STD, rng=rng), rng)

    def plain(self) -> tuple[nn.Module, int]:
        return counted(len(self.vocabulary))


class Numbers:
    """One hidden layer over columns, standardised by the training rows, and, where numbers are
    missing, over which of them are."""

    def __init__(self, x: np.ndarray, train: np.ndarray, device: str) -> None:
        made = standardised(x, train)
        self._missing = bool(np.isnan(made).any())
        self._values = to_device(made, device)

    def __getitem__(self, rows: np.ndarray) -> Any:
        return self._values[to_device(rows, device_of(self._values))]

    def branch(self, rng: np.random.Generator, tokens: bool) -> nn.Module:
        width = int(self._values.shape[1])
        made = TableEncoder(width, WIDTH, (), indicate_missing=self._missing, rng=rng)
        return ended(made, rng)

    def plain(self) -> tuple[nn.Module, int]:
        width = int(self._values.shape[1])
        return Standardise(width), width  # 0 for what is missing


def _scaled(image: np.ndarray, train: np.ndarray) -> np.ndarray:
    """From 0 to 255 between the smallest and the largest number of the training pictures."""
    low, high = float(image[train].min()), float(image[train].max())
    return np.asarray((image - low) * np.float32(255 / ((high - low) or 1)))
