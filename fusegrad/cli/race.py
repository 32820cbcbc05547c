"""`fusegrad race`: optimizers on equal terms, their order, their terms and a page."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..kernels import OptionError
from .rows import watched

PLANE = "plane"
FACTS = ("name", "title", "kind", "steps", "seed", "start", "least")
WIDE = 110  # columns where no terminal says how many there are


@dataclass(frozen=True)
class Race:
    """Race optimizers on surfaces, all from one start with the same budget and the same tuning;
    print their order and the terms, and draw where they went."""

    surfaces: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Where: rosenbrock, beale, ravine, saddle or reddi; all of them if none are given."""
    optimizers: tuple[str, ...] = ()
    """Who: names; eight if none are given. SGD and Adam race at all times."""
    steps: int = 0
    """Steps for every trial; 0 takes what the surface needs."""
    trials: int = 0
    """Learning rates tried for each; 0 takes four for a factor of ten."""
    seed: int = 0
    """0 starts where the surface says; another one moves the start."""
    plane: bool = False
    """Also race on a network, drawn on the plane that its paths lie closest to."""
    html: Path = Path("race.html")
    """Where to write the page, one self-contained file."""
    json: bool = False
    """Print the results as JSON instead of tables."""


def race(command: Race) -> int:
    """Run the races; returns the exit status."""
    from ..lens import check_target
    from ..lens.race_page import write_races

    names, path = _places(command), check_target(command.html)
    races = [_run(command, name) for name in watched(names, "races")]
    write_races(races, path)
    if command.json:
        json.dump([to_json(one) for one in races], sys.stdout, allow_nan=False)
        print()
        print(f"Page: {path}", file=sys.stderr)
    else:
        show(races)
        print(f"Page: {path}")
    return 0


def _places(command: Race) -> Sequence[str]:
    """The surfaces asked for, or all, and the network. Raises: OptionError."""
    from ..race import SURFACES

    for name in command.surfaces:
        if name not in SURFACES:
            expected = f"surfaces among {', '.join(SURFACES)}"
            raise OptionError("race", expected, repr(name), "choose among these")
    for flag, value in (("--steps", command.steps), ("--trials", command.trials)):
        if value < 0:
            raise OptionError(flag, "a number from 0 up", value, "leave it out")
    return [*(command.surfaces or SURFACES), *([PLANE] if command.plane else [])]


def _run(command: Race, name: str) -> Any:
    from ..race import plane_race
    from ..race import race as on_surface

    given = {"steps": command.steps, "trials": command.trials}
    options: dict[str, Any] = {word: value for word, value in given.items() if value}
    options |= {"optimizers": command.optimizers or None, "seed": command.seed}
    return plane_race(**options) if name == PLANE else on_surface(name, **options)


def to_json(one: Any) -> dict[str, Any]:
    """A race as plain values; the loss of what diverged is null."""
    from ..race import card

    facts = {word: getattr(one, word) for word in FACTS}
    return {**facts, "card": dict(card(one)), "runs": [_run_json(run) for run in one.runs]}


def _run_json(run: Any) -> dict[str, Any]:
    return {
        "rank": run.rank,
        "name": run.name,
        "lr": run.lr,
        "loss": _finite(run.loss),
        "diverged_at": run.diverged_at,
        "at_edge": run.at_edge,
        "trials": [[t.lr, _finite(t.loss), t.diverged_at] for t in run.trials],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def show(races: Sequence[Any]) -> None:
    """Each race's order and its card, then who is first where."""
    from ..lens.race_page import finding
    from ..race import card

    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    for one in races:
        console.print(_ranking(one))
        terms = Table(title="Fairness card", title_justify="left", show_header=False, box=None)
        for name, said in card(one):
            terms.add_row(escape(name), escape(said))
        console.print(terms, "")
    print(finding(races))


def _ranking(one: Any) -> Table:
    from ..lens.race_course import measure

    made = Table(title=escape(one.title), title_justify="left")
    for name in ("rank", "optimizer", "learning rate", f"final {measure(one).lower()}", "note"):
        made.add_column(name, justify="left" if name in ("optimizer", "note") else "right")
    for run in one.runs:
        made.add_row(*map(escape, _cells(one, run)))
    return made


def _cells(one: Any, run: Any) -> Iterator[str]:
    from ..lens.race_table import last, notes

    yield from (str(run.rank), run.name, f"{run.lr:g}", last(one, run))
    yield "; ".join(notes(run))
