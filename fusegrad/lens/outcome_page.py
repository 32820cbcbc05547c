"""The page of `fusegrad experiment`: its claims, its tables and its figures."""

from collections.abc import Sequence
from pathlib import Path

from .figure import panel, panels, prose
from .markup import Html, join, scroller, table, tag
from .outcome import Finding, Outcome, Picture
from .page import check_target, document, write_page
from .palette import SPARE
from .svg import Chart, Line
from .wording import count

HEAD = ("statement", "measured, mean ± 95 %", "expected", "as expected")


def write_outcome(outcome: Outcome, path: str | Path) -> Path:
    """Write the page whole or not at all. Raises: FileNotFoundError, OSError."""
    target = check_target(path)
    write_page(target, render(outcome))
    return target


def render(outcome: Outcome) -> str:
    """The whole page as text."""
    parts = [
        _header(outcome),
        _section("claims", "What was expected", _claims(outcome.findings)),
        _section("figures", "Figures", _figures(outcome.pictures)),
        _section("tables", "Tables", _tables(outcome)),
        _section("notes", "Notes", _notes(outcome.notes)),
    ]
    return document(outcome.title, join(parts, "\n\n"), script="report.js")


def summary(outcome: Outcome) -> str:
    """How many findings are as expected, of how many seeds, in what time."""
    wrong = [f.statement for f in outcome.findings if not f.is_expected]
    end = f"not as expected: {'; '.join(wrong)}" if wrong else "all as expected"
    what = f"{len(outcome.findings)} findings over {count(outcome.seeds)} seeds"
    return f"{what} in {outcome.seconds:.0f} s: {end}."


def _header(outcome: Outcome) -> Html:
    return tag(
        "header",
        tag("p", f"fusegrad experiment {outcome.name}", class_="task"),
        tag("h1", outcome.title),
        tag("p", summary(outcome), class_="finding"),
        tag("p", f"Setting: {outcome.setting}.", class_="aside"),
    )


def _section(key: str, title: str, body: Html) -> Html:
    if not body:
        return Html("")
    heading = tag("h2", title, id=f"{key}-title")
    return tag("section", heading, body, id=key, aria_labelledby=f"{key}-title")


def _claims(findings: Sequence[Finding]) -> Html:
    if not findings:
        return Html("")
    rows = [cells(finding) for finding in findings]
    return scroller("Findings", table(f"{len(rows)} findings", HEAD, rows))


def cells(finding: Finding) -> list[str]:
    """A finding as a row under HEAD."""
    told = "yes" if finding.is_expected else "NO"
    return [finding.statement, finding.figure, finding.expected, told]


def _figures(pictures: Sequence[Picture]) -> Html:
    if not pictures:
        return Html("")
    lead = "Each line is the mean over the seeds; point at a figure to read its values."
    return join([prose(lead), panels([panel(chart(p)) for p in pictures])])


def chart(picture: Picture) -> Chart:
    """A picture in the colours of the house."""
    lines = [
        Line(curve.name, SPARE[i % len(SPARE)], curve.values)
        for i, curve in enumerate(picture.curves)
    ]
    return Chart(picture.title, picture.x_name, picture.x, lines, picture.span, picture.log)


def _tables(outcome: Outcome) -> Html:
    made = [scroller(t.title, table(t.title, t.head, t.rows)) for t in outcome.tables]
    return join(made, "\n")


def _notes(notes: Sequence[str]) -> Html:
    return tag("ul", *(tag("li", note) for note in notes)) if notes else Html("")
