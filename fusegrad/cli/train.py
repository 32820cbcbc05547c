"""`fusegrad train`: the main job, its table and its report."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..experiments import Job, Settings
from ..kernels import OptionError
from ..lens import check_target, write_report
from ..lens.record import Result, Run, to_json
from ..training.interrupt import noted_interrupt
from .progress import progress


def train(settings: Settings) -> int:
    """Run the job; returns the exit status: 0, 1 where a network diverged, or 130 where Ctrl-C
    ended it early."""
    settings.check()
    _check_targets(settings)
    with progress() as bars, noted_interrupt() as interrupted:
        job = Job(settings, bars, interrupted)
        result = job.run()
    path = write_report(result, settings.report)
    if settings.trace is not None and job.trace is not None:
        job.trace.save_html(settings.trace)
    if settings.json:
        json.dump(to_json(result), sys.stdout, allow_nan=False)
        print()
    else:
        show(result, path, settings.trace if job.trace is not None else None)
    diverged = any(not run.confusion for run in result.runs)
    return 130 if result.stopped else int(diverged)


def _check_targets(settings: Settings) -> None:
    """Ask whether all pages can be written, before hours are spent."""
    try:
        for path in filter(None, (settings.report, settings.trace)):
            check_target(path)
    except OSError as error:
        raise OptionError(str(error)) from error


def show(result: Result, path: Path, trace: Path | None = None) -> None:
    """The table of results, the race if there was one, and where the pages are."""
    console = Console()
    if result.stopped:
        console.print("Stopped by Ctrl-C: what was measured so far.")
    console.print(table("Networks on the test split", "network", result.runs))
    if result.race:
        console.print(table("Optimizers, from the same start", "optimizer", result.race))
    for note in result.notes:
        if "diverged" in note:
            console.print(note, highlight=False, soft_wrap=True)
    print(f"Report: {path}")
    if trace is not None:
        print(f"Trace: {trace}")


def table(title: str, first: str, runs: Sequence[Run]) -> Table:
    """A row a run. Units: loss in nats, seconds of wall time."""
    made = Table(title=title)
    for name in (first, "accuracy", "loss (nats)", "seconds", "parameters"):
        made.add_column(name, justify="left" if name == first else "right")
    for run in runs:
        name = run.optimizer if first == "optimizer" else run.name
        made.add_row(
            name,
            _number(run.test_accuracy),
            _number(run.test_loss),
            f"{run.seconds:.1f}",
            f"{run.parameters:,}",
        )
    return made


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
