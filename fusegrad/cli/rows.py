"""What the suites of `fusegrad verify` share: the rows asked for, a bar, and what is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from ..kernels import OptionError

Rows = Sequence[dict[str, Any]]


def chosen(only: Sequence[str], known: Iterable[str], kind: str, repair: str) -> Sequence[str]:
    """The names asked for, or all. Raises: OptionError for unknown ones, with near ones."""
    known = tuple(known)
    if unknown := [name for name in only if name not in known]:
        near = "; ".join(get_close_matches(unknown[0], known, 3, 0.0))
        expected = f"names of {kind}, such as {near}"
        raise OptionError("verify", expected, "; ".join(unknown), repair)
    return only or known


def watched(names: Sequence[str], what: str) -> Iterable[str]:
    """The names, one after the other, with a bar where somebody watches."""
    console = Console(stderr=True)
    still = not console.is_terminal
    return track(names, what, console=console, transient=True, disable=still)


def told(
    command: Any, rows: Rows, write: Callable[..., Path], show: Callable[[Rows], None]
) -> None:
    """The page that was asked for, and the rows as JSON or as a table."""
    if command.html:
        print(f"Page: {write(rows, command.html)}", file=sys.stderr)
    if command.json:
        json.dump(rows, sys.stdout, allow_nan=False)
        print()
    else:
        show(rows)
