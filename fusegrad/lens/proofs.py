"""The page of `fusegrad verify fusion`: one row a fusion or objective, as `Proof.to_json`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .markup import Html, join, scroller, table, tag
from .page import check_target, document, write_page

HEAD = ("name", "what", "source", "worst error", "held", "absences", "verdict")
TITLE = "How every fusion and objective splits the error"
READING = (
    "Held: arrays of branch inputs and parameters whose gradients were compared with central "
    "differences in float64, for one to four modalities, one row and several, and a branch of "
    "nothing but zeros; those of large modules along random directions. Absences: cases with a "
    "missing modality, whose gradient must be exactly 0 and whose input, nan even, must change "
    "nothing."
)


def write_proofs(rows: Sequence[Mapping[str, Any]], path: str | Path) -> Path:
    """Write the page whole or not at all. Raises: FileNotFoundError, OSError."""
    target = check_target(path)
    write_page(target, render(rows))
    return target


def render(rows: Sequence[Mapping[str, Any]]) -> str:
    """The whole page as text."""
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    parts = [_section(kind, [row for row in rows if row["kind"] == kind]) for kind in kinds]
    return document(TITLE, join([_header(rows), *parts], "\n\n"))


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many rows hold, and what they were held against."""
    holding = sum(row["holds"] for row in rows)
    worst = max((row["error"] for row in rows if row["error"] is not None), default=0.0)
    held, absent = (sum(row[key] for row in rows) for key in ("checks", "absences"))
    return (
        f"{holding} of {len(rows)} rows hold: {held:,} arrays of inputs and parameters against "
        f"central differences in float64 (at most {worst:.1e}, relative), for one to four "
        f"modalities; {absent:,} absences, each with a gradient of exactly 0 and no influence."
    )


def cells(row: Mapping[str, Any]) -> list[str]:
    """A proof as a row under HEAD."""
    error = "none" if row["error"] is None else f"{row['error']:.1e}"
    counts = [f"{row['checks']:,}", f"{row['absences']:,}"]
    verdict = "holds" if row["holds"] else f"FAILS: {row['wrong']}"
    return [row["name"], row["what"], row["source"], error, *counts, verdict]


def _header(rows: Sequence[Mapping[str, Any]]) -> Html:
    return tag(
        "header",
        tag("p", "fusegrad verify fusion", class_="task"),
        tag("h1", TITLE),
        tag("p", summary(rows), class_="finding"),
        tag("p", READING, class_="aside"),
    )


def _section(kind: str, rows: Sequence[Mapping[str, Any]]) -> Html:
    body = scroller(kind, table(f"{len(rows)} rows", HEAD, map(cells, rows)))
    heading = tag("h2", f"{kind.capitalize()}s", id=f"{kind}-title")
    return tag(
        "section", heading, body, id=kind, class_="proofs", aria_labelledby=f"{kind}-title"
    )
