"""`fusegrad verify`: the papers' claims, one row each."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ..kernels import OptionError

WIDE = 170  # columns where no terminal says how many there are


@dataclass(frozen=True)
class Verify:
    """Check what the optimizers' papers claim; exit status 1 if anything is not as expected."""

    only: tuple[str, ...] = ()
    """Names of claims; all of them if none are given."""
    json: bool = False
    """Print JSON instead of a table."""
    html: str | None = None
    """Also write a page that opens offline."""


def verify(command: Verify) -> int:
    """Run the checks; returns the exit status."""
    from ..lens import check_target, write_verdicts
    from ..lens.verdicts import summary
    from ..verify import CLAIMS, SUITE, checked

    if unknown := [name for name in command.only if name not in CLAIMS]:
        expected = f"claims among {', '.join(CLAIMS)}"
        raise OptionError("verify", expected, ", ".join(unknown), "leave --only out for all")
    if command.html:
        check_target(command.html)
    names, console = command.only or tuple(CLAIMS), Console(stderr=True)
    steps = track(
        names, "claims", console=console, transient=True, disable=not console.is_terminal
    )
    rows = [checked(CLAIMS[name], SUITE).to_json() for name in steps]
    if command.html:
        print(f"Page: {write_verdicts(rows, command.html)}", file=sys.stderr)
    if command.json:
        json.dump(rows, sys.stdout, allow_nan=False)
        print()
    else:
        show(rows)
        print(summary(rows))
    return int(not all(row["as_expected"] for row in rows))


def show(rows: list[dict[str, Any]]) -> None:
    """A row a claim."""
    from ..lens.verdicts import HEAD, figure

    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    made = Table(show_lines=True)
    for name in HEAD:
        made.add_column(name)
    for row in rows:
        verdict = row["verdict"] + (f": {row['exact']}" if row["exact"] else "")
        verdict += "" if row["as_expected"] else " (NOT AS EXPECTED)"
        made.add_row(
            f"{row['name']}\n{row['claim']}", row["source"], row["how"], figure(row), verdict
        )
    console.print(made, markup=False)
