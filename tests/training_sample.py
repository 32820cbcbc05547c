"""A small training run, for the tests of the loop and of what listens to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fusegrad import nn, optim
from fusegrad.data import DataLoader, TensorDataset
from fusegrad.training import Callback, Trainer

N, WIDTH, CLASSES = 22, 3, 3
SOURCE = np.random.default_rng(8)
X = SOURCE.normal(size=(N, WIDTH))
Y = SOURCE.integers(0, CLASSES, N)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def network(seed: int = 0, dtype: Any = np.float64) -> nn.Sequential:
    """Two layers with dropout between."""
    draw = rng(seed)
    layers = nn.Linear(WIDTH, 5, rng=draw), nn.Tanh(), nn.Dropout(0.3, rng=rng(seed + 1))
    return nn.Sequential(*layers, nn.Linear(5, CLASSES, rng=draw)).to(dtype)


def loader(seed: int = 5, **options: Any) -> DataLoader:
    return DataLoader(TensorDataset(X, Y), 8, shuffle=True, rng=rng(seed), **options)


def held_out() -> DataLoader:
    return DataLoader(TensorDataset(X[:10], Y[:10]), 4)


def adam(parameters: Any) -> optim.Adam:
    return optim.Adam(parameters, lr=0.02)


def trainer(make: Callable[[Any], Any] = adam, model: Any = None, **options: Any) -> Trainer:
    model = network() if model is None else model
    return Trainer(model, make(model.parameters()), nn.CrossEntropyLoss(), **options)


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether two states are equal to the last bit."""
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k], equal_nan=True) for k in a
    )


class Told(Callback):
    """Notes every moment."""

    def __init__(self) -> None:
        self.moments: list[str] = []

    def note(self, moment: str) -> None:
        self.moments.append(moment)

    def on_fit_start(self, trainer: Trainer) -> None:
        self.note("fit")

    def on_epoch_start(self, trainer: Trainer) -> None:
        self.note(f"epoch {trainer.epoch + 1}")

    def on_batch_end(self, trainer: Trainer, loss: float) -> None:
        self.note("batch")

    def on_epoch_end(self, trainer: Trainer, row: Any) -> None:
        self.note(f"end {trainer.epoch} {row['epoch']}")

    def on_interrupt(self, trainer: Trainer) -> None:
        self.note("interrupt")

    def on_fit_end(self, trainer: Trainer) -> None:
        self.note("fit end")


class At(Callback):
    """Does something after a batch, counted over all epochs."""

    def __init__(self, batch: int, action: Callable[[Trainer], Any]) -> None:
        self.batch, self.action, self.seen = batch, action, 0

    def on_batch_end(self, trainer: Trainer, loss: float) -> None:
        self.seen += 1
        if self.seen == self.batch:
            self.action(trainer)


def resumed(
    path: Path, make: Callable[[Any], Any] = adam, model: Any = None, **options: Any
) -> Trainer:
    """A trainer built anew, from other weights, and resumed."""
    return trainer(make, network(77) if model is None else model, **options).resume(path)
