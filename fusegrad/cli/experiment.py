"""`fusegrad experiment`: small studies whose truth is known, each one command."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..kernels import OptionError
from .progress import ticks


@dataclass(frozen=True)
class Experiment:
    """Run a study on made-up data whose truth is known, print its tables and draw its figures;
    exit status 1 where a figure is not as expected."""

    name: Annotated[str, tyro.conf.Positional] = ""
    """Which one; without a name, they are listed."""
    seeds: int = 0
    """How often with new draws; 0 takes what the study needs."""
    workers: int = 0
    """Processes to share the networks among; 0 takes one for each core."""
    report: Path | None = None
    """Where to write the page, one self-contained file; NAME.html by default."""
    json: bool = False
    """Print the results as JSON instead of tables."""


def experiment(command: Experiment) -> int:
    """Run it; returns the exit status."""
    from ..experiments.suite import EXPERIMENTS
    from ..lens import check_target
    from ..lens.outcome_page import write_outcome

    if not command.name:
        return _listed()
    _check(command)
    row = EXPERIMENTS[command.name]
    path = check_target(command.report or f"{row.name}.html")
    began = time.perf_counter()
    with ticks(row.name) as tick:
        outcome = row.run(command.seeds or row.seeds, _each(command.workers, tick))
    outcome.seconds = time.perf_counter() - began
    write_outcome(outcome, path)
    if command.json:
        json.dump(outcome.to_json(), sys.stdout, allow_nan=False)
        print()
    else:
        show(outcome, path)
    return int(not outcome.is_expected)


def _each(workers: int, tick: Callable[[int, int], None]) -> Any:
    from ..experiments.workers import in_processes

    return in_processes(workers or os.cpu_count() or 1, tick)


def _listed() -> int:
    from ..experiments.suite import EXPERIMENTS

    made = Table("name", "what it shows", "seeds")
    for row in EXPERIMENTS.values():
        made.add_row(row.name, row.what, str(row.seeds))
    Console().print(made)
    return 0


def _check(command: Experiment) -> None:
    from ..experiments.suite import EXPERIMENTS

    if command.name not in EXPERIMENTS:
        expected = f"one of {', '.join(EXPERIMENTS)}"
        raise OptionError("experiment", expected, repr(command.name), "choose one of these")
    for flag, value in (("--seeds", command.seeds), ("--workers", command.workers)):
        if value < 0:
            raise OptionError(flag, "a number from 0 up", value, "leave it out")


def show(outcome: Any, path: Path) -> None:
    """The tables, what was expected of them, and where the page is."""
    from ..lens.outcome_page import HEAD, cells, summary

    console = Console()
    console.print(f"{outcome.title}. {outcome.setting}.", highlight=False)
    for t in outcome.tables:
        made = Table(*map(escape, t.head), title=escape(t.title), title_justify="left")
        for row in t.rows:
            made.add_row(*map(escape, row))
        console.print(made)
    made = Table(*HEAD)
    for f in outcome.findings:
        made.add_row(*map(escape, cells(f)))
    console.print(made)
    for note in outcome.notes:
        console.print(note, highlight=False)
    print(summary(outcome), f"Page: {path}", sep="\n")
