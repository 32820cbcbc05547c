"""What a run measured, and the JSON file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from fusegrad.kernels import OptionError

from .case import OURS, Floor
from .intervals import Ratio, paired

FORMAT, VERSION = "fusegrad bench", 1
ENOUGH = 5  # calm rounds that stand alone; with fewer, the busy ones are taken too
OK, ABSENT, UNCHECKED = "ok", "not installed", "not checked"


@dataclass
class Timed:
    """A contender and its figures, one a round. Units: seconds, or the unit of the case."""

    name: str
    status: str = (
        OK  # or `not installed`, `not checked`, `wrong result`, `crashed`, `timed out`
    )
    said: str = ""
    build: float | None = None  # import of the framework, and what is made before work begins
    result: float | None = None  # the first result, which is checked: it holds compilation
    first: float | None = None  # the first call of what is timed afterwards
    error: float | None = None  # of the result, relative to the largest element
    repeats: int = 1  # calls a sample
    values: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # seconds of all its threads, a call


@dataclass
class Result:
    """A case at a number of threads."""

    suite: str
    case: str
    threads: int
    unit: str = "seconds"
    family: str = ""
    size: float = 0.0
    floor: Floor | None = None
    goals: dict[str, float] = field(default_factory=dict)
    tolerance: float | None = None
    busy: list[bool] = field(default_factory=list)  # a round
    contenders: list[Timed] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, int]:
        return self.suite, self.case, self.threads

    @property
    def ours(self) -> Timed | None:
        """Us, if we were measured."""
        return next((t for t in self.contenders if t.name == OURS), None)

    @property
    def disturbed(self) -> bool:
        """Whether rounds count during which the machine was busy."""
        return any(self.busy[i] for i in self.rounds())

    def rounds(self) -> list[int]:
        """The rounds that count: the calm ones, or all where those are too few."""
        calm = [i for i, busy in enumerate(self.busy) if not busy]
        return calm if len(calm) >= ENOUGH else list(range(len(self.busy)))

    def kept(self, timed: Timed) -> list[float]:
        """Its figures of the rounds that count; none where it failed."""
        return [timed.values[i] for i in self.rounds()] if timed.status == OK else []

    def ratio(self, peer: Timed) -> Ratio | None:
        """Ours over its; None where either has no figure."""
        ours = self.kept(self.ours) if self.ours else []
        theirs = self.kept(peer)
        return paired(ours, theirs) if ours and theirs else None


@dataclass
class Record:
    """A whole run."""

    machine: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    anchors: dict[str, dict[str, float]] = field(default_factory=dict)  # by threads
    results: list[Result] = field(default_factory=list)
    stopped: bool = False  # by Ctrl-C, before all was measured


def save(record: Record, path: str | Path) -> None:
    """Write it as strict JSON. Raises: OSError."""
    from fusegrad.lens.page import write_page

    made = {"format": FORMAT, "version": VERSION, **asdict(record)}
    for result, row in zip(record.results, made["results"]):
        row["floor"] = result.floor and result.floor._asdict()
    write_page(Path(path), json.dumps(made, indent=1, allow_nan=False) + "\n")


def load(path: str | Path) -> Record:
    """A record read back. Raises: OSError; OptionError for any other file."""
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        return _record(held)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OptionError(
            "bench",
            f"a record of fusegrad bench, version {VERSION}",
            f"{path} ({' '.join(str(error).split()) or 'of another form'})",
            "write one with --json",
        ) from error


def _record(held: Any) -> Record:
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise ValueError("another kind of file")
    if held.get("version") != VERSION:
        raise ValueError(f"version {held.get('version')}")
    record = _made(Record, held, ("format", "version"))
    record.results = [_result(row) for row in record.results]
    return record


def _result(held: Mapping[str, Any]) -> Result:
    result = _made(Result, held)
    result.floor = held["floor"] and Floor(**held["floor"])
    result.contenders = [_made(Timed, row) for row in held["contenders"]]
    for timed in result.contenders:
        wanted = len(result.busy) if timed.status == OK else 0
        if [len(timed.values), len(timed.cpu)] != [wanted] * 2:
            raise ValueError(f"{result.case}, {timed.name}: {len(timed.values)} figures")
    return result


def _made(kind: type, held: Mapping[str, Any], more: Sequence[str] = ()) -> Any:
    """An instance from its fields, all of them and no other."""
    names = {f.name for f in fields(kind)}
    if wrong := names ^ (set(held) - set(more)):
        raise ValueError(f"field {min(wrong)}")
    return kind(**{name: held[name] for name in names})
