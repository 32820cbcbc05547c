"""What listens to a training run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .trainer import Trainer

Row = Mapping[str, Any]


class Callback:
    """Base: override the moments that matter. They are called in this order; on_fit_end always,
    also after an error.

    >>> class Losses(Callback):
    ...     def on_epoch_end(self, trainer, row):
    ...         print(row["loss"])
    """

    # Whether it is told after those that are not: it then knows what they asked for.
    last: bool = False

    def on_fit_start(self, trainer: Trainer) -> None:
        """Before the first epoch of a fit."""

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Before the first batch of epoch number trainer.epoch + 1."""

    def on_batch_end(self, trainer: Trainer, loss: float) -> None:
        """After a step."""

    def on_epoch_end(self, trainer: Trainer, row: Row) -> None:
        """After epoch number trainer.epoch and its validation: `row` is what they measured."""

    def on_epoch_done(self, trainer: Trainer) -> None:
        """After all were told of on_epoch_end: what saves the others saves all they did."""

    def on_interrupt(self, trainer: Trainer) -> None:
        """After Ctrl-C, between two steps."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last epoch, or whatever ended the fit."""

    def state_dict(self) -> dict[str, Any]:
        """What it must remember to go on after `Trainer.resume`: numbers, texts and arrays."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave."""
