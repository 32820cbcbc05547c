"""What training needs to know of a task, and how wide its branches end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .. import nn

WIDTH = 64  # of every branch, so that all fusions fit
DROPOUT = 0.3


class Task(Protocol):
    """Rows with inputs by modality, one label each, and a fixed split.

    `branch` gives (B, WIDTH); with `tokens`, (B, T, WIDTH) or `multimodal.Tokens`, where the
    modality is a sequence. `plain` gives the modality as it is, one row of numbers, and how
    many they are: what early fusion joins. `picture(row)` is (H, W, 3) uint8, or None where a
    row has no face; `words(row)` is one line that says what the row is. `noun` is what rows
    are, in the plural.
    A task may have `notes`, lines that a reader of its results must know, and `present(rows,
    modalities)`, the masks of a batch, where some rows lack a modality; see `masks`.
    """

    name: str
    noun: str
    modalities: tuple[str, ...]
    classes: list[str]
    labels: np.ndarray
    split: dict[str, np.ndarray]

    def inputs(self, rows: np.ndarray, modalities: Sequence[str]) -> dict[str, Any]: ...
    def branch(
        self, modality: str, rng: np.random.Generator, *, tokens: bool = False
    ) -> nn.Module: ...
    def plain(self, modality: str) -> tuple[nn.Module, int]: ...
    def picture(self, row: int) -> np.ndarray | None: ...
    def words(self, row: int) -> str: ...


def masks(
    task: Task, rows: np.ndarray, modalities: Sequence[str]
) -> dict[str, np.ndarray] | None:
    """Which rows have each modality, as networks take it; None where all have all."""
    present = getattr(task, "present", None)
    return None if present is None else present(rows, modalities)
