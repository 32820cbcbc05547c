"""What watches one figure of every epoch: for the best, or for its standing still."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import OptionError
from .callbacks import Callback, Row

if TYPE_CHECKING:
    from .trainer import Trainer


class Monitor(Callback):
    """Base: looks whether a figure is the best so far. nan never is.

    monitor       the name of the figure in the rows of the history
    mode          whether "min" or "max" is good
    min_delta     by how much a better one must be better
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        where = type(self).__name__
        if mode not in ("min", "max"):
            raise OptionError(where, "mode in min, max", repr(mode), "choose one of these")
        _check(where, "min_delta", min_delta, 0)
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self.best: float | None = None
        self.since = 0  # epochs without a better one

    def on_fit_start(self, trainer: Trainer) -> None:
        """Before anything is trained: whether there will be what it looks at."""
        if self.monitor.startswith("val_") and trainer.loaders["validation"] is None:
            where, repair = type(self).__name__, "pass it to fit, or choose another monitor"
            raise OptionError(where, f"validation, for {self.monitor}", "none", repair)

    def improved(self, row: Row) -> bool:
        """Look at one more epoch. Raises: OptionError where it has no such figure."""
        if self.monitor not in row:
            expected = f"monitor among {', '.join(row)}"
            repair = "choose one of these, or pass validation to fit"
            raise OptionError(type(self).__name__, expected, repr(self.monitor), repair)
        value, sign = row[self.monitor], 1 if self.mode == "max" else -1
        better = not math.isnan(value) and (
            self.best is None or sign * (value - self.best) > self.min_delta
        )
        self.best, self.since = (value, 0) if better else (self.best, self.since + 1)
        return better

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "since": self.since}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.best, self.since = state["best"], state["since"]


class EarlyStopping(Monitor):
    """Stops after `patience` epochs in a row that brought nothing better, and, with
    `restore_best`, leaves the model with the weights of the best epoch, however a fit ends. The
    optimizer stays where it was.
    """

    def __init__(
        self,
        patience: int = 10,
        *,
        min_delta: float = 0.0,
        monitor: str = "val_loss",
        mode: str = "min",
        restore_best: bool = True,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        _check("EarlyStopping", "patience", patience, 1)
        self.patience, self.restore_best = patience, restore_best
        self.weights: dict[str, np.ndarray] | None = None

    def on_epoch_end(self, trainer: Trainer, row: Row) -> None:
        if self.improved(row):
            self.weights = trainer.model.state_dict() if self.restore_best else None
        elif self.since >= self.patience:
            trainer.stop(f"{self.monitor} no better for {self.since} epochs")

    def on_fit_end(self, trainer: Trainer) -> None:
        if self.weights is not None:
            trainer.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        self.weights = state["weights"] if self.restore_best else None


class ReduceLROnPlateau(Monitor):
    """Multiplies lr, in every group, by `factor` after `patience` epochs in a row that brought
    nothing better, down to `min_lr`.

    Raises: OptionError for an lr that is a schedule, which says itself what it is.
    Differs: PyTorch waits for one epoch more, and counts a gain of 0.01 % as none.
    """

    def __init__(
        self,
        factor: float = 0.1,
        patience: int = 10,
        *,
        min_delta: float = 0.0,
        min_lr: float = 0.0,
        monitor: str = "val_loss",
        mode: str = "min",
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        where = "ReduceLROnPlateau"
        _check(where, "patience", patience, 1)
        _check(where, "min_lr", min_lr, 0)
        if not _is_number(factor) or not 0 < factor < 1:
            repair = "give the part to keep"
            raise OptionError(where, "0 < factor < 1", f"factor={factor!r}", repair)
        self.factor, self.patience, self.min_lr = factor, patience, min_lr

    def on_fit_start(self, trainer: Trainer) -> None:
        super().on_fit_start(trainer)
        for group in trainer.optimizer.param_groups:
            if not _is_number(lr := group.get("lr")):
                repair = "leave this callback out"
                raise OptionError("ReduceLROnPlateau", "lr, a number", f"lr={lr!r}", repair)

    def on_epoch_end(self, trainer: Trainer, row: Row) -> None:
        if not self.improved(row) and self.since >= self.patience:
            self.since = 0
            for group in trainer.optimizer.param_groups:
                group["lr"] = min(group["lr"], max(self.factor * group["lr"], self.min_lr))


class Checkpoint(Monitor):
    """Writes the whole run to one file, for `Trainer.resume`: after every `every`-th epoch and
    the last; with `best`, only where a figure is the best so far. A crash leaves the old file.

    With `interrupt`, also after Ctrl-C, with the weights of that moment: the epoch that was
    interrupted is then begun again, and not the same to the last bit.

    Raises: OptionError where no file can stand, before anything is trained.
    """

    last = True

    def __init__(
        self,
        path: str | Path,
        every: int = 1,
        *,
        best: bool = False,
        monitor: str = "val_loss",
        mode: str = "min",
        interrupt: bool = False,
    ) -> None:
        super().__init__(monitor, mode)
        _check("Checkpoint", "every", every, 1)
        self.path, self.every = Path(path), every
        self.only_best, self.interrupt = best, interrupt
        self.due = False

    def on_fit_start(self, trainer: Trainer) -> None:
        if self.only_best:
            super().on_fit_start(trainer)
        if not self.path.parent.is_dir():
            got, repair = str(self.path.parent), "make it first"
            raise OptionError("Checkpoint", "an existing folder", got, repair)
        if self.path.is_dir():
            got, repair = f"the folder {self.path}", "name a file in it"
            raise OptionError("Checkpoint", "a file", got, repair)

    def on_epoch_end(self, trainer: Trainer, row: Row) -> None:
        is_due = trainer.epoch % self.every == 0 or trainer.is_last_epoch
        self.due = is_due and (not self.only_best or self.improved(row))

    def on_epoch_done(self, trainer: Trainer) -> None:
        if self.due:
            trainer.save(self.path)

    def on_interrupt(self, trainer: Trainer) -> None:
        if self.interrupt:
            trainer.save(self.path)


def _check(where: str, name: str, value: Any, least: int) -> None:
    """A finite number that is large enough; a count where it is to be 1 at least."""
    is_count = isinstance(value, (int, np.integer)) or least == 0
    if not (is_count and _is_number(value) and least <= value < np.inf):
        expected = f"{name} >= 0" if least == 0 else f"{name}, a number from {least} up"
        raise OptionError(where, expected, f"{name}={value!r}", "give one in the range")


def _is_number(x: Any) -> bool:
    return isinstance(x, Real) and not isinstance(x, bool)
