"""How far a fit is: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import progress
from rich.console import Console
from rich.table import Column

from .callbacks import Callback, Row
from .history import figure

if TYPE_CHECKING:
    from .trainer import Trainer


class Progress(Callback):
    """One bar for the batches of the epoch, with the figures of the epoch before; on stderr.
    Where that is no terminal, it is quiet."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.bar: progress.Progress | None = None

    def on_fit_start(self, trainer: Trainer) -> None:
        if not self.console.is_terminal:
            return
        whole = Column(no_wrap=True, min_width=5)
        self.bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(24, table_column=Column(no_wrap=True, min_width=24)),
            progress.MofNCompleteColumn(table_column=whole),
            progress.TimeElapsedColumn(table_column=whole),
            progress.TextColumn("{task.fields[figures]}", table_column=Column()),
            console=self.console,
            redirect_stdout=Console().is_terminal,  # a file gets what is printed for it
        )
        self.bar.add_task("", total=None, figures="")
        self.bar.start()

    def on_epoch_start(self, trainer: Trainer) -> None:
        if self.bar is not None:
            train = trainer.loaders["train"]
            batches = len(train) if hasattr(train, "__len__") else None
            text = f"epoch {trainer.epoch + 1}/{trainer.epochs}"
            task = self.bar.task_ids[0]
            self.bar.reset(task, total=batches, description=text)

    def on_batch_end(self, trainer: Trainer, loss: float) -> None:
        if self.bar is not None:
            self.bar.advance(self.bar.task_ids[0])

    def on_epoch_end(self, trainer: Trainer, row: Row) -> None:
        if self.bar is not None:
            figures = [f"{name} {figure(x)}" for name, x in row.items() if name != "epoch"]
            self.bar.update(self.bar.task_ids[0], figures="  ".join(figures))

    def on_fit_end(self, trainer: Trainer) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
