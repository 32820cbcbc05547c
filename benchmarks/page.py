"""The page of a run: ratios with their intervals and goals, tables, machine and method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from fusegrad.lens.figure import panels, prose
from fusegrad.lens.markup import Html, disclosure, join, scroller, table, tag
from fusegrad.lens.page import check_target, document, write_page

from .facts import METHOD, contenders, facts
from .families import families
from .intervals import EVEN, FASTER, SLOWER
from .ratios import COLOURS, ratios
from .record import Record
from .rows import HEAD, MISSED, Row, every, failures, groups, summary, warnings
from .wording import amount, figure, threads, within

TITLE = "How long the work takes, beside other frameworks"
MANY = 40  # rows
GOALS = ("case", "beside", "ratio", "interval", "goal", "ours", "floor", "reached")


def write(record: Record, path: str | Path) -> Path:
    """Write the page whole or not at all. Raises: FileNotFoundError, OSError."""
    target = check_target(path)
    write_page(target, render(record))
    return target


def render(record: Record) -> str:
    """The whole page as text; it asks for no other file."""
    sections = list(_sections(record))
    made = [_section(key, title, body) for key, title, body in sections]
    links = [(key, title) for key, title, _ in sections]
    style = files(__package__).joinpath("bench.css").read_text(encoding="utf-8")
    body = join([_header(record, links), *made], "\n\n")
    return document(TITLE, body, script="report.js", style=style)


def _sections(record: Record) -> Iterator[tuple[str, str, Html]]:
    """Key, title and body of each."""
    missed = [row for row in every(record) if row.outcome == MISSED]
    if missed:
        yield "missed", "Goals that are missed", _missed(missed)
    for suite in dict.fromkeys(result.suite for result in record.results):
        yield f"suite-{suite}", f"Suite {suite}", _suite(record, suite)
    yield "start", "From nothing to the first result", _start(record)
    yield "machine", "The machine", facts(record)
    yield "method", "How it was measured", tag("ul", *(tag("li", text) for text in METHOD))


def _section(key: str, title: str, body: Html) -> Html:
    heading = tag("h2", title, id=f"{key}-title")
    return tag("section", heading, body, id=key, aria_labelledby=f"{key}-title")


def _header(record: Record, links: Sequence[tuple[str, str]]) -> Html:
    cautions = [*warnings(record), *failures(record)]
    return tag(
        "header",
        tag("p", "fusegrad bench", class_="task"),
        tag("h1", TITLE),
        tag("p", summary(record), class_="finding"),
        *(tag("p", text, class_="caution") for text in cautions),
        tag("p", _setting(record), class_="aside"),
        tag("nav", *(tag("a", t, href=f"#{key}") for key, t in links), aria_label="Sections"),
    )


def _setting(record: Record) -> str:
    counts = sorted({result.threads for result in record.results})
    where = record.machine.get("cpu", "an unknown machine")
    return f"On {where}, {' and '.join(map(threads, counts)) or 'nothing measured'}."


def _missed(rows: Sequence[Row]) -> Html:
    lead = "Each beside its floor: what the bytes and multiply-adds of the work need here."
    return join(
        [prose(lead), scroller("Goals", table("Missed", GOALS, map(_goal_cells, rows)))]
    )


def _goal_cells(row: Row) -> list[str]:
    assert row.ratio is not None and row.peer is not None and row.goal is not None
    case, ours = row.cells()[:2]
    return [
        f"{case}, {threads(row.result.threads)}",
        row.peer.name,
        figure(row.ratio.value),
        within(row.ratio),
        figure(row.goal),
        ours,
        amount(row.floor),
        f"{row.reached:.0%}" if row.reached else "-",
    ]


def _suite(record: Record, suite: str) -> Html:
    parts = [(n, rows) for name, n, rows in groups(record) if name == suite]
    figures = [f for n, rows in parts for f in ratios(f"{suite}, {threads(n)}", rows)]
    lines = [
        part
        for n, _ in parts
        for part in families([r for r in record.results if (r.suite, r.threads) == (suite, n)])
    ]
    made = [_legend(), panels(figures)] if figures else []
    made += [panels(lines)] if lines else []
    made += [_table(f"{suite}, {threads(n)}", rows) for n, rows in parts]
    return join(made, "\n")


def _table(title: str, rows: Sequence[Row]) -> Html:
    """All figures; closed where they are many."""
    made = table(f"{title}: medians and quartiles", HEAD, (row.cells() for row in rows))
    box = tag("div", scroller(title, made), class_="suite")
    if len(rows) <= MANY:
        return box
    return tag("details", tag("summary", f"{title}: {len(rows)} rows"), box)


def _legend() -> Html:
    words = {f"{FASTER}, or less": FASTER, f"{SLOWER}, or more": SLOWER, EVEN: EVEN}
    colours = {word: COLOURS.get(verdict, "var(--spare5)") for word, verdict in words.items()}
    keys = [tag("span", tag("i", style=f"--c:{c}"), word) for word, c in colours.items()]
    goal = tag("span", tag("i", class_="tick", style="--c:var(--image)"), "goal")
    lead = (
        "Ours over theirs, by logarithm: below 1 we need less. The thin line is the interval."
    )
    return join([prose(lead), tag("p", *keys, goal, class_="key legend aside")])


def _start(record: Record) -> Html:
    head, rows = contenders(record)
    return disclosure("Each contender's process", table("Measured once", head, rows))
