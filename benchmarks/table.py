"""The table in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .compare import HEAD as COMPARED
from .compare import Change
from .record import Record
from .rows import HEAD, Row, failures, groups, summary, warnings
from .wording import limits, threads

WIDE = 170  # columns where no terminal says how many there are


def show(record: Record, console: Console | None = None) -> None:
    """The machine, a table for each suite and number of threads, and what to know of them."""
    console = console or _console()
    console.print(escape(machine_line(record)), highlight=False)
    for suite, count, rows in groups(record):
        console.print(_table(f"{suite}, {threads(count)}", rows))
    for text in [*warnings(record), *failures(record)]:
        console.print(escape(text), highlight=False)
    console.print(escape(summary(record)), highlight=False)


def show_changes(changes: Sequence[Change], notes: Sequence[str]) -> None:
    """A row a case that both records have."""
    console = _console()
    made = Table(*COMPARED)
    for change in changes:
        made.add_row(*map(escape, change.cells()))
    console.print(made)
    for note in notes:
        console.print(escape(note), highlight=False)


def machine_line(record: Record) -> str:
    """What computed, in short, and its measured limits."""
    facts = record.machine
    parts = [str(facts.get("cpu", "")), f"{facts.get('cores')} cores"]
    parts += [" ".join(facts.get("flags", []))]
    parts += [f"{name} {version}" for name, version in facts.get("packages", {}).items()]
    parts += [f"commit {facts['commit']}"] if facts.get("commit") else []
    lines = [", ".join(filter(None, parts))]
    lines += [f"{threads(int(n))}: {limits(found)}" for n, found in record.anchors.items()]
    return "\n".join(lines)


def _table(title: str, rows: Sequence[Row]) -> Table:
    """A case is named once; the peers stand below each other."""
    made = Table(*HEAD, title=title, title_justify="left")
    for i, row in enumerate(rows):
        cells = [escape(cell) for cell in row.cells()]
        again = i > 0 and rows[i - 1].result is row.result
        if again:
            cells[0] = cells[1] = cells[-1] = ""
        last = i + 1 == len(rows) or rows[i + 1].result is not row.result
        made.add_row(*cells, end_section=last)
    return made


def _console() -> Console:
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    return console
