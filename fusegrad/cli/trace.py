"""`fusegrad trace` and `fusegrad show`: record a program, and read what a page recorded."""

from __future__ import annotations

import json
import runpy
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..kernels import OptionError

if TYPE_CHECKING:
    from ..microscope import Trace as Recorded
    from ..microscope.reading import Page

ROWS = 10  # steps that `show` prints from both ends


@dataclass(frozen=True)
class Trace:
    """Run a Python script, or a demonstration, and write a page with every number of backprop
    and of every optimizer's step; exit status 1 where the script fails."""

    script: Annotated[str, tyro.conf.Positional] = ""
    """The script; what it prints is printed. Without one, and without --demo, the
    demonstrations are listed."""
    arguments: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Its command line; options for it stand after a lone --."""
    demo: str = ""
    """A demonstration instead of a script."""
    html: Path | None = None
    """Where to write the page; NAME.trace.html by default."""
    elements: int = 64
    """How many numbers to follow, spread over all parameters."""
    graphs: int = 1
    """How many passes to record with their graph."""
    json: bool = False
    """Print what was recorded as JSON instead of a line."""


@dataclass(frozen=True)
class Show:
    """Print what a page of `fusegrad trace` holds: its numbers, or one of them step by step."""

    file: Annotated[Path, tyro.conf.Positional]
    """The page."""
    number: str = ""
    """Which number, as `w[0, 1]`; its steps are printed."""
    t: int | None = None
    """Print this step alone."""
    json: bool = False
    """Print JSON instead of a table."""
    open: bool = False
    """Open the page in the browser."""


def trace(command: Trace) -> int:
    """Record and write; returns the exit status."""
    from ..lens import check_target
    from ..microscope.demos import DEMOS

    if not command.script and not command.demo:
        return _listed()
    _check(command)
    stem = command.demo or Path(command.script).stem
    path = check_target(command.html or f"{stem}.trace.html")
    seen, failed = (DEMOS[command.demo](), "") if command.demo else _recorded(command)
    if seen.followed or seen.passes:
        seen.save_html(path)
        _told(command, seen, path)
    if failed:
        print(f"fusegrad: {command.script} failed: {failed}", file=sys.stderr)
    elif not (seen.followed or seen.passes):
        said = "nothing went back through fusegrad's ops, and no optimizer of it stepped"
        print(f"fusegrad: nothing was recorded: {said}; no page is written", file=sys.stderr)
        return 1
    return int(bool(failed))


def _check(command: Trace) -> None:
    """Refuse what would be ignored. Raises: OptionError."""
    from ..microscope.demos import DEMOS

    if not command.demo:
        return
    if command.demo not in DEMOS:
        got, repair = repr(command.demo), "fusegrad trace lists them"
        raise OptionError("trace --demo", f"one of {', '.join(DEMOS)}", got, repair)
    plain = Trace(demo=command.demo, html=command.html, json=command.json)
    if command != plain:
        got = "a script or a budget beside it"
        raise OptionError("trace --demo", "a demonstration as it is", got, "leave one out")


def _listed() -> int:
    from ..microscope.demos import DEMOS

    for name, make in DEMOS.items():
        print(f"{name:12} {make.__doc__}")
    print("\nRun one with `fusegrad trace --demo NAME`, or your own: `fusegrad trace SCRIPT`.")
    return 0


def _recorded(command: Trace) -> tuple[Recorded, str]:
    """The recording of a script, as far as it went, and what it failed with."""
    from ..microscope import trace as recording

    script = Path(command.script)
    if not script.is_file():
        raise OptionError("trace", "a Python script", str(script), "write its path")
    title, before, failed = f"What {script.name} computed", (sys.argv, sys.path[0]), ""
    sys.argv, sys.path[0] = [str(script), *command.arguments], str(script.resolve().parent)
    try:
        with recording(elements=command.elements, graphs=command.graphs, title=title) as seen:
            try:
                runpy.run_path(str(script), run_name="__main__")
            except SystemExit as end:
                failed = "" if end.code in (None, 0) else f"exit status {end.code}"
            except (Exception, KeyboardInterrupt) as error:
                failed = f"{type(error).__name__}: {error}{_line(script, error)}"
    finally:
        sys.argv, sys.path[0] = before
    return seen, failed


def _line(script: Path, error: BaseException) -> str:
    """Where in the script it went wrong."""
    where = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(script)]
    if where:
        return f" ({script.name}:{where[-1].lineno}: {where[-1].line})"
    return f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""


def _told(command: Trace, seen: Recorded, path: Path) -> None:
    equal, of = seen.check()
    if command.json:
        print(json.dumps({"page": str(path), "steps": of, "equal": equal, "trace": repr(seen)}))
        return
    print(seen)
    print(f"{equal:,} of {of:,} steps are what their formula says, bit for bit.")
    print(f"Page: {path}")


# ---- show ---------------------------------------------------------------------------------
def show(command: Show) -> int:
    """Print; returns the exit status."""
    from ..microscope.reading import read

    page = read(command.file)
    if command.open:
        import webbrowser

        webbrowser.open(command.file.resolve().as_uri())
    if not command.number:
        if command.t is not None:
            expected, repair = "a number beside --t", f"--number '{(page.names() or ['w'])[0]}'"
            raise OptionError("show", expected, "none", repair)
        return _overview(page, command)
    table = _chosen(page.table(command.number), command)
    if command.json:
        print(json.dumps({key: [_plain(x) for x in values] for key, values in table.items()}))
    elif command.t is not None:
        for key, values in table.items():
            print(f"{key:>12} = {values[0].item()!r}")
    else:
        _print(command.number, table)
    return 0


def _overview(page: Page, command: Show) -> int:
    names = page.names()
    if command.json:
        print(json.dumps({"title": page.title, "numbers": names, "flow": page.flow}))
        return 0
    print(page.title)
    for run in page.runs:
        steps, count = len(run["t"]), len(run["elements"])
        kept = f"{count} number{'s' * (count != 1)} followed"
        print(f"  {run['name']}: {steps} steps of {run['optimizer']}, {kept}")
    if page.flow is not None:
        print(f"  {page.flow['says']}")
    if names:
        print(f"One of them step by step: fusegrad show {command.file} --number '{names[0]}'")
    return 0


def _chosen(table: dict[str, Any], command: Show) -> dict[str, Any]:
    if command.t is None:
        return table
    rows = [k for k, t in enumerate(table["t"]) if t == command.t]
    if not rows:
        expected, repair = f"a step up to {table['t'][-1]}", "choose one of these"
        raise OptionError("show --t", expected, str(command.t), repair)
    return {key: values[rows] for key, values in table.items()}


def _print(name: str, table: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    count = len(table["t"])
    kept = [*range(min(ROWS, count)), *range(max(ROWS, count - ROWS), count)]
    made = Table(title=name)
    for key in table:
        made.add_column(key, justify="right")
    for k in kept:
        made.add_row(*(_short(values[k]) for values in table.values()))
    console = Console()
    console.width = max(console.width, 15 * len(table))  # a number that is cut is none
    console.print(made)
    if count > len(kept):
        print(f"{count - len(kept):,} steps between them are left out; --json prints all.")


def _short(x: Any) -> str:
    return f"{x:.6g}"


def _plain(x: Any) -> float | str:
    x = x.item()
    return x if abs(x) < float("inf") else str(x)
