"""`fusegrad verify`: the papers' claims, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .proofs import prove
from .rows import Rows, chosen, told, watched

WIDE = 170  # columns where no terminal says how many there are
NARROW = 120  # columns below which five texts side by side are hard to read


@dataclass(frozen=True)
class Verify:
    """Check what the optimizers' papers claim, or prove how every fusion and objective splits
    the error; exit status 1 if anything is not as expected."""

    suite: Annotated[Literal["optimizers", "fusion"], tyro.conf.Positional] = "optimizers"
    """What to check: optimizers (the papers' claims) or fusion (the splits)."""
    only: tuple[str, ...] = ()
    """Names of rows; all of them if none are given."""
    json: bool = False
    """Print JSON instead of a table."""
    html: str | None = None
    """Also write a page that opens offline."""


def verify(command: Verify) -> int:
    """Run the checks; returns the exit status."""
    from ..lens import check_target, write_verdicts
    from ..verify import CLAIMS, SUITE, checked

    if command.suite == "fusion":
        return prove(command)
    names = chosen(command.only, CLAIMS, "claims", "see `fusegrad verify`")
    if command.html:
        check_target(command.html)
    rows = [checked(CLAIMS[name], SUITE).to_json() for name in watched(names, "claims")]
    told(command, rows, write_verdicts, show)
    return int(not all(row["as_expected"] for row in rows))


def show(rows: Rows) -> None:
    """A row a claim, or a paragraph where the terminal is narrow; and how many hold."""
    from ..lens.verdicts import HEAD, summary

    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    if console.width < NARROW:
        for row in rows:
            name, *rest = _cells(row)
            console.print(
                name, *(f"    {text}" for text in rest), sep="\n", markup=False, highlight=False
            )
    else:
        made = Table(*HEAD, show_lines=True)
        for row in rows:
            made.add_row(*map(escape, _cells(row)))
        console.print(made)
    print(summary(rows))


def _cells(row: dict[str, Any]) -> list[str]:
    from ..lens.verdicts import figure

    verdict = row["verdict"] + (f": {row['exact']}" if row["exact"] else "")
    verdict += f" (NOT AS EXPECTED: {row['wrong']})" if row["wrong"] else ""
    return [f"{row['name']}\n{row['claim']}", row["source"], row["how"], figure(row), verdict]
