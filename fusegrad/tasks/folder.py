"""A user's own folder of rows: `fusegrad train --task FOLDER`; see docs/own_data.md."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import nn
from ..data.folder import read_folder
from .folder_parts import Numbers, Part, Pictures, Sounds, Texts
from .parts import sound_picture

SHOWN = 160  # letters of a text, in the report
FEW = 6  # columns of a table, in the report


def is_folder(task: str) -> bool:
    """Whether a task is named as a folder: one that exists, or anything with a slash in it."""
    marks = {"/", os.sep, os.altsep or "/"}
    return any(mark in task for mark in marks) or Path(task).is_dir()


class FolderTask:
    """The rows of a folder to their labels, from all that is there of them.

    Raises: OptionError for a folder that does not have the layout.
    """

    noun = "rows"

    def __init__(self, folder: str | Path, device: str = "cpu") -> None:
        self.data = read_folder(folder)
        self.name, self.classes = self.data.name, self.data.classes
        self.labels, self.split = self.data.label, self.data.split
        self.modalities: tuple[str, ...] = tuple(self.data.present)
        self._parts: dict[str, Part] = {n: self._part(n, device) for n in self.modalities}

    def _part(self, name: str, device: str) -> Part:
        found, train = self.data, self.split["train"]
        train = train[found.present[name][train]]
        if name in found.pictures:
            return Pictures(found.pictures[name], train, device)
        if name in found.sounds:
            return Sounds(found.sounds[name], train, device)
        if name in found.texts:
            return Texts(name, found.texts[name], train)
        return Numbers(found.numbers[name], train, device)

    @property
    def notes(self) -> list[str]:
        """What is missing, which labels cannot be learned, and where the split comes from."""
        rows = len(self.labels)
        gone = {n: rows - int(here.sum()) for n, here in self.data.present.items()}
        lines = [f"{n} is missing in {k:,} of {rows:,} rows." for n, k in gone.items() if k]
        known = set(self.labels[self.split["train"]])
        lost = [name for k, name in enumerate(self.classes) if k not in known]
        lines += [f"No training row is of {', '.join(lost)}."] * bool(lost)
        source = "drawn at random, the same each time" if self.data.is_drawn else "the column's"
        return [*lines, f"The split is {source}."]

    def inputs(self, rows: np.ndarray, modalities: Sequence[str]) -> dict[str, Any]:
        """By modality: pictures (B, 3072), sounds (B, 1024), numbers (B, d), float32; texts
        (word numbers, offsets (B,))."""
        return {name: self._parts[name][rows] for name in modalities}

    def present(
        self, rows: np.ndarray, modalities: Sequence[str]
    ) -> dict[str, np.ndarray] | None:
        """Which rows have a modality, (B,) bool each; None where all have all."""
        here = {name: self.data.present[name][rows] for name in modalities}
        masks = {name: mask for name, mask in here.items() if not mask.all()}
        return masks or None

    def branch(
        self, modality: str, rng: np.random.Generator, *, tokens: bool = False
    ) -> nn.Module:
        """See `folder_parts`."""
        return self._parts[modality].branch(rng, tokens)

    def plain(self, modality: str) -> tuple[nn.Module, int]:
        """Pixels, which words occur, or columns: one row of numbers."""
        return self._parts[modality].plain()

    def picture(self, row: int) -> np.ndarray | None:
        """Its pictures and the log-mel pictures of its sounds, side by side; None without.

        Shapes: (32, 32 number, 3) uint8.
        """
        seen = []
        for name, here in self.data.present.items():
            part = self._parts[name]
            if here[row] and isinstance(part, Pictures):
                seen.append(np.clip(np.rint(part.image[row]), 0, 255).astype(np.uint8))
            elif here[row] and isinstance(part, Sounds):
                seen.append(sound_picture(self.data.sounds[name][row]))
        return np.concatenate(seen, axis=1) if seen else None

    def words(self, row: int) -> str:
        """Its id or its line, and its texts, or, where it has none, some of its numbers."""
        texts = [texts[row] for texts in self.data.texts.values() if texts[row]]
        said = " ".join(" ".join(texts).split()) or ", ".join(self._numbers(row))
        short = said if len(said) <= SHOWN else said[: SHOWN - 1] + "…"
        who = " ".join(self.data.names[row].split())
        return f"{who} | {short}" if short else who

    def _numbers(self, row: int) -> list[str]:
        """The first columns of the row that are there; of words as 0 and 1, the one it has."""
        said = []
        for name, x in self.data.numbers.items():
            for column, value in zip(self.data.columns[name], x[row], strict=True):
                column, _, word = column.partition("=")
                if word and value == 1:
                    said.append(f"{column} {word}")
                elif not word and not np.isnan(value):
                    said.append(f"{column} {value:g}")
        return said[:FEW]
