"""Made-up sets of which the truth is known; see `fusegrad.data.synthetic`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .. import nn
from ..data.synthetic import KINDS, Synthetic, interaction, mini_av, mini_compete
from ..kernels.device import device_of, to_device
from .parts import ended
from .task import WIDTH

SETS: dict[str, Callable[[], Synthetic]] = {
    "mini_av": mini_av,
    "mini_compete": mini_compete,
    **{kind: partial(interaction, kind) for kind in KINDS},
}
SHOWN = 4  # numbers of a modality, in the report


class SyntheticTask:
    """Rows drawn from seed 0 to their classes, from the numbers of each modality.

    The last tenth of the training rows is for validation.
    """

    noun = "rows"

    def __init__(self, name: str, device: str = "cpu") -> None:
        made = SETS[name]()
        self.name, self.classes, self.labels = name, made.classes, made.label
        self.modalities: tuple[str, ...] = tuple(made.inputs)
        first = len(made.split["train"]) * 9 // 10
        train, validation = np.split(made.split["train"], [first])
        self.split = {"train": train, "validation": validation, "test": made.split["test"]}
        self.bayes = made.bayes
        inputs = {m: x.astype(np.float32) for m, x in made.inputs.items()}
        self._inputs = {m: to_device(x, device) for m, x in inputs.items()}

    @property
    def notes(self) -> list[str]:
        """The best that anybody can reach, where it is known."""
        best = ", ".join(f"{100 * p:.1f} % from {name}" for name, p in self.bayes.items())
        return [f"The best possible accuracies: {best}."] if best else []

    def inputs(self, rows: np.ndarray, modalities: Sequence[str]) -> dict[str, Any]:
        """By modality: (B, d) float32."""
        found = {name: self._inputs[name] for name in modalities}
        return {name: x[to_device(rows, device_of(x))] for name, x in found.items()}

    def branch(
        self, modality: str, rng: np.random.Generator, *, tokens: bool = False
    ) -> nn.Module:
        """One hidden layer of rectified units; a row is no sequence."""
        return ended(nn.Linear(self._width(modality), WIDTH, rng=rng), rng)

    def plain(self, modality: str) -> tuple[nn.Module, int]:
        """The numbers as they are."""
        return nn.Identity(), self._width(modality)

    def _width(self, modality: str) -> int:
        return int(self._inputs[modality].shape[1])

    def picture(self, row: int) -> None:
        """Numbers have no face."""

    def words(self, row: int) -> str:
        """Its number, and the first numbers of each modality."""
        seen = {m: x[row, :SHOWN].tolist() for m, x in self._inputs.items()}
        said = [f"{m} {' '.join(f'{v:.2f}' for v in x)}" for m, x in seen.items()]
        return " | ".join([f"row {row}", *said])
