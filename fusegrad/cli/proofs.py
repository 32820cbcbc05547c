"""`fusegrad verify fusion`: how every fusion and objective splits the error, one row each."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .rows import Rows, chosen, told, watched

WIDE = 150  # columns where no terminal says how many there are


def prove(command: Any) -> int:
    """Prove the rows; returns the exit status: 1 where one does not hold."""
    from ..lens import check_target
    from ..lens.proofs import write_proofs
    from ..verify.fusion import CASES, proved

    if command.html:
        check_target(command.html)
    names = chosen(command.only, CASES, "rows", "see `fusegrad verify fusion`")
    rows = [proved(CASES[name]).to_json() for name in watched(names, "proofs")]
    told(command, rows, write_proofs, show)
    return int(not all(row["holds"] for row in rows))


def show(rows: Rows) -> None:
    """A row a proof, then how many hold and what was held against what."""
    from ..lens.proofs import HEAD, cells, summary

    made = Table(*HEAD)
    for row in rows:
        made.add_row(*map(escape, cells(row)))
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    console.print(made)
    print(summary(rows))
