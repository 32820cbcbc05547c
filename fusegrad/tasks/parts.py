"""What several tasks are made of: pictures as rows of numbers, and how branches end."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..engine.ops.rearrange import swapaxes
from ..engine.ops.shaping import reshape, transpose
from ..kernels.device import device_of, to_device
from ..multimodal import Tokens
from ..multimodal.encoder import CountWords, PatchTokens, SoundEncoder
from .task import DROPOUT, WIDTH

FULL_SCALE = 1 / 255


class Pixels:
    """Pictures as rows of centred numbers on a device: (x - mean of the training rows) scale.

    Shapes: image (N, ...) uint8 -> rows[index] (B, width) float32.
    """

    def __init__(
        self, image: np.ndarray, train: np.ndarray, scale: float, device: str = "cpu"
    ) -> None:
        x = image.reshape(len(image), -1).astype(np.float32) * scale
        self.values = to_device((x - x[train].mean(axis=0)).astype(np.float32), device)

    @property
    def width(self) -> int:
        """Numbers in a picture."""
        return int(self.values.shape[1])

    def __getitem__(self, rows: np.ndarray) -> Any:
        return self.values[to_device(rows, device_of(self.values))]


class Channels(nn.Module):
    """Rows of numbers as the pictures they were: (B, H W C) -> (B, C, H, W)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = (*shape, 1)[:3]

    def forward(self, x: Any) -> Any:
        return transpose(reshape(x, (len(x), *self.shape)), (0, 3, 1, 2))


class Moments(nn.Module):
    """Rows of numbers as the moments of a sound: (B, bands moments) -> (B, moments, bands)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        return swapaxes(reshape(x, (len(x), *self.shape)), 1, 2)


class OnTokens(nn.Module):
    """A layer on the values of tokens; which of them are there stays."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer

    def forward(self, tokens: Tokens) -> Tokens:
        return Tokens(self.layer(tokens.values), tokens.present)


def counted(words: int) -> tuple[nn.Module, int]:
    """Bags of word numbers to which words occur, (B, words) of ones and zeros."""
    return CountWords(words, presence=True), words


def ended(first: nn.Module, rng: np.random.Generator) -> nn.Sequential:
    """A layer that gives (B, WIDTH), rectified, with dropout."""
    return nn.Sequential(first, nn.ReLU(), nn.Dropout(DROPOUT, rng=rng))


def dropped(tokens: nn.Module, rng: np.random.Generator) -> nn.Sequential:
    """A branch of tokens, with dropout."""
    return nn.Sequential(tokens, OnTokens(nn.Dropout(DROPOUT, rng=rng)))


def patches(shape: tuple[int, ...], side: int, rng: np.random.Generator) -> nn.Module:
    """Rows of a picture's numbers to tokens, one for each square of `side`, row by row."""
    height, width, depth = (*shape, 1)[:3]
    cut = PatchTokens(depth, WIDTH, (height, width), side, rng=rng)
    return dropped(nn.Sequential(Channels(shape), cut, OnTokens(nn.ReLU())), rng)


def moments(shape: tuple[int, ...], rng: np.random.Generator) -> nn.Module:
    """Rows of a log-mel picture's numbers to tokens, one for every second moment, each with
    its place in time."""
    bands, count = shape
    heard = SoundEncoder(bands, WIDTH, (WIDTH,), tokens=True, rng=rng)
    places = nn.LearnedPositions(WIDTH, -(-count // 2), batch_first=True, rng=rng)
    return dropped(nn.Sequential(Moments(shape), heard, OnTokens(places)), rng)


def grey(picture: np.ndarray) -> np.ndarray:
    """(H, W) uint8 -> (H, W, 3)."""
    return np.repeat(picture[:, :, None], 3, axis=2)


def sound_picture(logmel: np.ndarray) -> np.ndarray:
    """A log-mel picture as people look at it, low bands below. Shapes: -> (32, 32, 3)."""
    return grey(logmel[::-1])
