"""Digits seen and heard, both weakened: pairs by label of MNIST and spoken digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import data, nn
from .parts import FULL_SCALE, Pixels, ended, grey, moments, patches, sound_picture
from .task import WIDTH

PATCH = 7  # pixels


class AVDigitsTask:
    """Pairs to their ten digits, from the picture and from the sound.

    Raises: OptionError where the recordings are not found; see `fusegrad.data.av_digits.load`.
    """

    name = "av_digits"
    noun = "pairs"
    modalities: tuple[str, ...] = ("image", "audio")

    def __init__(self, device: str = "cpu", folder: str | Path | None = None) -> None:
        self.data = data.load("av_digits", folder=folder)
        self.classes, self.labels = self.data.classes, self.data.label.astype(np.int64)
        self.split: dict[str, np.ndarray] = self.data.split
        seen, heard = self.data.pairs[self.split["train"]].T
        self._image = Pixels(self.data.image, np.unique(seen), FULL_SCALE, device)
        self._sound = Pixels(self.data.logmel, np.unique(heard), FULL_SCALE, device)

    @property
    def notes(self) -> list[str]:
        """What a reader of the results must know of the pairs."""
        counts = ", ".join(
            f"{len(self.split[part]):,} {part} pairs of {self.data.pictures[part]:,} pictures "
            f"and {self.data.recordings[part]:,} recordings ({' '.join(names)})"
            for part, names in self.data.speakers.items()
        )
        return [f"The pairs are {self.data.pairing}: {counts}.", WEAKENED]

    def inputs(self, rows: np.ndarray, modalities: Sequence[str]) -> dict[str, Any]:
        """By modality: image (B, 784) float32; audio (B, 1024) float32."""
        made: dict[str, Callable[[], Any]] = {
            "image": lambda: self._image[self.data.pairs[rows, 0]],
            "audio": lambda: self._sound[self.data.pairs[rows, 1]],
        }
        return {name: made[name]() for name in modalities}

    def branch(
        self, modality: str, rng: np.random.Generator, *, tokens: bool = False
    ) -> nn.Module:
        """One hidden layer of rectified units over the picture, or the log-mel picture; as
        tokens, over each of 16 squares, and over moments."""
        if tokens and modality == "image":
            return patches(self.data.image.shape[1:], PATCH, rng)
        if tokens:
            return moments(self.data.logmel.shape[1:], rng)
        width = (self._image if modality == "image" else self._sound).width
        return ended(nn.Linear(width, WIDTH, rng=rng), rng)

    def plain(self, modality: str) -> tuple[nn.Module, int]:
        """The numbers of the pictures as they are."""
        pixels = self._image if modality == "image" else self._sound
        return nn.Identity(), pixels.width

    def picture(self, row: int) -> np.ndarray:
        """The digit and the log-mel picture side by side. Shapes: (32, 64, 3) uint8."""
        seen, heard = self.data.pairs[row]
        digit = np.pad(self.data.image[seen], 2)
        return np.concatenate([grey(digit), sound_picture(self.data.logmel[heard])], axis=1)

    def words(self, row: int) -> str:
        """Which picture and which recording."""
        seen, heard = self.data.pairs[row]
        return f"picture {seen} | recording {heard}"


WEAKENED = (
    "Both sides are weakened, so that neither is enough: pictures keep a quarter of their "
    "variance, recordings get noise."
)
