"""What the page says of the machine, the method, and each contender's start."""

from __future__ import annotations

from collections.abc import Iterator

from fusegrad.lens.markup import Html, scroller, table

from .record import ABSENT, Record
from .wording import amount, limits, threads

START = ("case", "contender", "import and build", "first result", "first call", "error", "CPU")
METHOD = (
    "A contender is one process, so that no two pools of threads wait in one. Its number of "
    "threads is in its environment before anything is imported.",
    "Before it is timed, its result is held against the truth in float64 NumPy: the largest "
    "error, relative to the largest element. One that is wrong is never timed.",
    "Import and build, the first result (which holds compilation) and the first call are "
    "measured once; then it is called until it is warm.",
    "All contenders stay alive and are asked in turn, in a new random order each round; who is "
    "not asked waits for input. A sample repeats the call until some milliseconds have passed.",
    "A round in which tasks waited for a core is repeated, each once at most. Where fewer than "
    "five rounds were calm, all count and the case is marked (busy).",
    "A ratio is the median over the rounds of our time over theirs. Its interval runs between "
    "ranks: with six rounds or more it holds the true median at least 95 % of the time, "
    "whatever the distribution. Where it holds 1, no difference is shown.",
    "The floor is what the bytes take at the best bandwidth seen here, or the multiply-adds at "
    "the best rate of a matrix product, whichever is longer. More than 100 % of it is reached "
    "where a cache holds what the floor moves through memory.",
    "Whether tiny numbers count as zero, and when garbage is collected, is left as each "
    "framework has it.",
)


def facts(record: Record) -> Html:
    """The machine, its measured limits and the settings."""
    rows = [*_machine(record), *_limits(record), *_settings(record)]
    return scroller("Machine", table("Machine and settings", ("what", "value"), rows))


def _machine(record: Record) -> Iterator[list[str]]:
    for name, value in record.machine.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {item}" for key, item in value.items())
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        elif name == "memory" and value:
            value = amount(value, "bytes")
        elif name == "commit":
            value = value or "not a checkout"
        yield [name, str(value)]


def _limits(record: Record) -> Iterator[list[str]]:
    for count, found in record.anchors.items():
        yield [f"measured limits, {threads(int(count))}", limits(found)]


def _settings(record: Record) -> Iterator[list[str]]:
    for name, value in record.settings.items():
        yield [f"setting: {name.replace('_', ' ')}", str(value)]


def contenders(record: Record) -> tuple[tuple[str, ...], list[list[str]]]:
    """A row for each contender that was started."""
    rows = [
        [
            f"{r.suite}: {r.case}, {threads(r.threads)}",
            t.name,
            *(amount(value) for value in (t.build, t.result, t.first)),
            "-" if t.error is None else f"{t.error:.1e}",
            f"{sum(t.cpu) / sum(t.values):.2f}" if any(t.cpu) else "-",
        ]
        for r in record.results
        for t in r.contenders
        if t.status != ABSENT
    ]
    return START, rows
