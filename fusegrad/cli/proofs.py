"""`fusegrad verify fusion`: how every fusion and objective splits the error, one row each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from ..kernels import OptionError

WIDE = 150  # columns where no terminal says how many there are


def prove(command: Any) -> int:
    """Prove the rows; returns the exit status: 1 where one does not hold."""
    from ..lens import check_target
    from ..lens.proofs import write_proofs
    from ..verify.fusion import CASES, proved

    if command.html:
        check_target(command.html)
    names = chosen(command.only, CASES, "rows", "see `fusegrad verify fusion`")
    console = Console(stderr=True)
    still = not console.is_terminal
    steps = track(names, "proofs", console=console, transient=True, disable=still)
    rows = [proved(CASES[name]).to_json() for name in steps]
    if command.html:
        print(f"Page: {write_proofs(rows, command.html)}", file=sys.stderr)
    if command.json:
        json.dump(rows, sys.stdout, allow_nan=False)
        print()
    else:
        show(rows)
    return int(not all(row["holds"] for row in rows))


def chosen(only: Sequence[str], known: Iterable[str], kind: str, repair: str) -> Sequence[str]:
    """The names asked for, or all. Raises: OptionError for unknown ones, with near ones."""
    known = tuple(known)
    if unknown := [name for name in only if name not in known]:
        near = "; ".join(get_close_matches(unknown[0], known, 3, 0.0))
        expected = f"names of {kind}, such as {near}"
        raise OptionError("verify", expected, "; ".join(unknown), repair)
    return only or known


def show(rows: Sequence[dict[str, Any]]) -> None:
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
