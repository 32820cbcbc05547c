"""`fusegrad bench`: how long the work takes, beside the peers that are installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..kernels import OptionError


@dataclass(frozen=True)
class Bench:
    """Check, then time, every contender of the suites, each in a process of its own and in
    turn; exit status 1 where a result of ours fails. `bench compare A B` compares records."""

    suites: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Which ones; all of them if none are given."""
    threads: tuple[int, ...] = (1,)
    """Numbers of threads, measured one after the other."""
    rounds: int = 0
    """Samples of each contender; 0 takes 12, or 6 with --quick."""
    quick: bool = False
    """Few cases, peers and samples: all suites in about five minutes on a calm machine."""
    goals: bool = False
    """Only cases that have a goal."""
    only: str = ""
    """Part of the names of cases, such as `gelu` or `optim: adam`."""
    json: Path | None = None
    """Where to write all figures, for `bench compare`."""
    html: Path | None = None
    """Where to write the page, one self-contained file."""
    list: bool = False
    """Print the cases, their contenders and goals instead of measuring."""
    device: str = "cpu"
    """What computes: with `cuda` the suite `gpu` is measured, by the device's own events."""


@dataclass(frozen=True)
class Compare:
    """Compare two records of `fusegrad bench --json`: our times in B over those in A."""

    before: Annotated[Path, tyro.conf.Positional]
    """Record A."""
    after: Annotated[Path, tyro.conf.Positional]
    """Record B."""
    fail_above: float | None = None
    """Exit status 1 where a case is shown to be slower by more than this ratio."""


def bench(command: Bench) -> int:
    """Measure; returns the exit status."""
    from ..benchmarks.choose import ON_GPU, chosen, few
    from ..lens import check_target

    _check(command)
    for path in filter(None, (command.json, command.html)):
        check_target(path)
    known = None if command.device == "cpu" else ON_GPU
    cases = chosen(command.suites, command.only, known, command.goals)
    if command.list:
        return _listed(cases)
    kept = few(cases, whole=bool(command.only) or command.goals) if command.quick else cases
    record = _measured(command, kept, len(cases) - len(kept))
    return _told(command, record)


def compare(command: Compare) -> int:
    """Compare; returns the exit status."""
    from ..benchmarks.compare import compare, remarks
    from ..benchmarks.record import load
    from ..benchmarks.table import show_changes

    before, after = load(command.before), load(command.after)
    changes = compare(before, after)
    if not changes:
        expected = "two records with a case of ours in common"
        raise OptionError("bench compare", expected, "none", "measure the same suites")
    show_changes(changes, remarks(before, after, changes))
    limit = command.fail_above
    slower = [c for c in changes if limit is not None and c.is_above(limit)]
    for change in slower:
        print(f"slower than {limit:g}: {change.cells()[0]}", file=sys.stderr)
    return int(bool(slower))


def _check(command: Bench) -> None:
    from ..benchmarks.pinned import cores
    from ..engine.ops.placing import device

    if not command.list:
        device(command.device)  # says what is missing
    if command.rounds < 0:
        raise OptionError("--rounds", "a number from 0 up", command.rounds, "leave it out")
    if wrong := [n for n in command.threads if not 1 <= n <= cores()]:
        expected = f"numbers from 1 to {cores()}, the cores here"
        raise OptionError("--threads", expected, wrong[0], "try 1")


def _measured(command: Bench, cases: Any, left_out: int) -> Any:
    """The record; what was measured so far where Ctrl-C ended it."""
    from ..benchmarks.machine import anchors, machine
    from ..benchmarks.record import Record
    from ..benchmarks.run import QUICK, Settings, run

    settings = replace(QUICK if command.quick else Settings(), device=command.device)
    if command.rounds:
        settings = replace(settings, rounds=command.rounds)
    threads = tuple(dict.fromkeys(command.threads))
    facts = machine(command.device)
    record = Record(facts, {**asdict(settings), "left_out": left_out})
    try:
        record.anchors = anchors(threads, command.device)
        with _progress(len(cases) * len(threads)) as tell:
            for result in run(cases, threads, settings, tell):
                record.results.append(result)
    except KeyboardInterrupt:
        record.stopped = True
    return record


def _told(command: Bench, record: Any) -> int:
    """Write and print it; 130 where it was stopped, 1 where a result of ours is wrong."""
    from ..benchmarks.page import write
    from ..benchmarks.record import save
    from ..benchmarks.rows import failures
    from ..benchmarks.table import show

    if command.json:  # first: it holds everything
        save(record, command.json)
    show(record)
    if command.json:
        print(f"Record: {command.json}")
    if command.html:
        print(f"Page: {write(record, command.html)}")
    return 130 if record.stopped else int(bool(failures(record)))


@contextmanager
def _progress(of: int) -> Iterator[Any]:
    """A function that tells, on stderr, of each case as it is done."""
    from ..benchmarks.rows import one_line

    console, done = Console(stderr=True), [0]

    def tell(result: Any) -> None:
        done[0] += 1
        text = f"{done[0]}/{of} {one_line(result)}"
        console.print(text, highlight=False, soft_wrap=True, markup=False)

    yield tell


def _listed(cases: Any) -> int:
    from ..benchmarks.wording import figure

    made = Table("suite", "case", "contenders", "goals")
    for one in cases:
        goals = ", ".join(f"{figure(g)} of {peer}" for peer, g in one.case.goals.items())
        cells = (one.suite, one.case.name, ", ".join(one.case.contenders), goals or "-")
        made.add_row(*map(escape, cells))
    Console().print(made)
    return 0
