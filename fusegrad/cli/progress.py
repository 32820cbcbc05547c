"""How far a job is: live bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from ..lens.record import Epoch, Run

LINES = 6  # plain lines a network


def figures(epoch: Epoch) -> str:
    """Losses in nats and accuracy of an epoch, on one line."""
    return (
        f"train {epoch.train_loss:.3f}  val {epoch.val_loss:.3f}  acc {epoch.val_accuracy:.3f}"
    )


class Plain:
    """A line now and then."""

    def __init__(self, console: Console) -> None:
        self.console, self.epochs = console, 1

    def start(self, run: Run, epochs: int) -> None:
        self.epochs = epochs
        text = f"{run.name}: {run.parameters:,} parameters, {run.optimizer}"
        self.console.print(text, highlight=False, soft_wrap=True)

    def epoch(self, run: Run, epoch: Epoch) -> None:
        every = max(self.epochs // LINES, 1)
        if epoch.epoch % every == 0 or epoch.epoch == self.epochs:
            text = f"  epoch {epoch.epoch:3d}/{self.epochs}  {figures(epoch)}"
            self.console.print(text, highlight=False, soft_wrap=True)

    def end(self, run: Run) -> None:
        pass

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Live:
    """A bar a network."""

    def __init__(self, console: Console) -> None:
        self.bars = Progress(
            TextColumn("{task.description:16}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
        )
        self.bar: TaskID | None = None

    def start(self, run: Run, epochs: int) -> None:
        self.bar = self.bars.add_task(run.name, total=epochs, figures="")

    def epoch(self, run: Run, epoch: Epoch) -> None:
        assert self.bar is not None
        self.bars.update(self.bar, advance=1, figures=figures(epoch))

    def end(self, run: Run) -> None:
        assert self.bar is not None
        tested = run.test_accuracy is not None
        self.bars.update(
            self.bar, figures=f"test acc {run.test_accuracy:.3f}" if tested else "diverged"
        )

    def __enter__(self) -> Live:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()


def progress() -> Plain | Live:
    """Bars where stderr is a terminal, else lines."""
    console = Console(stderr=True)
    return Live(console) if console.is_terminal else Plain(console)


@contextmanager
def ticks(name: str) -> Iterator[Callable[[int, int], None]]:
    """A function (done, of) that moves a bar on, where somebody watches."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)
