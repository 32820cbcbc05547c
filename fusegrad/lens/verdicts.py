"""The page of `fusegrad verify`: one row a claim, as plain dicts of `Row.to_json`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .markup import Html, join, scroller, table, tag
from .page import check_target, document, write_page

HEAD = ("claim", "source", "how it was checked", "worst figure", "verdict")
MADE = "Computed here, by the rules that train networks; Lemma 10.3 is arithmetic alone."
TITLE = "What the optimizers' papers claim, and what holds"


def write_verdicts(rows: Sequence[Mapping[str, Any]], path: str | Path) -> Path:
    """Write the page whole or not at all. Raises: FileNotFoundError, OSError."""
    target = check_target(path)
    write_page(target, render(rows))
    return target


def render(rows: Sequence[Mapping[str, Any]]) -> str:
    """The whole page as text."""
    fail = [row for row in rows if row["verdict"] != "holds"]
    hold = [row for row in rows if row["verdict"] == "holds"]
    parts = [
        _header(rows, len(fail)),
        _section("fail", "Does not hold as written", fail),
        _section("hold", "Holds", hold),
    ]
    return document(TITLE, join(parts, "\n\n"))


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many hold, how many do not, and whether that is what is expected."""
    fail = sum(row["verdict"] != "holds" for row in rows)
    other = [row["name"] for row in rows if not row["as_expected"]]
    end = f"not as expected: {', '.join(other)}" if other else "all as expected"
    claims = "1 claim" if len(rows) == 1 else f"{len(rows)} claims"
    hold = len(rows) - fail
    holds, does = ("holds" if hold == 1 else "hold"), ("does" if fail == 1 else "do")
    return f"{claims}: {hold} {holds}, {fail} {does} not hold as written; {end}."


def _header(rows: Sequence[Mapping[str, Any]], fail: int) -> Html:
    links = [("fail", "Does not hold as written")] if fail else []
    links += [("hold", "Holds")] if fail < len(rows) else []
    return tag(
        "header",
        tag("p", "fusegrad verify", class_="task"),
        tag("h1", TITLE),
        tag("p", summary(rows), class_="finding"),
        tag("p", MADE, class_="aside"),
        tag("nav", *(tag("a", text, href=f"#{key}") for key, text in links)),
    )


def _section(key: str, title: str, rows: Sequence[Mapping[str, Any]]) -> Html:
    if not rows:
        return Html("")
    heading = tag("h2", title, id=f"{key}-title")
    body = scroller(title, table(f"{len(rows)} claims", HEAD, map(_cells, rows)))
    return tag(
        "section", heading, body, id=key, class_="claims", aria_labelledby=f"{key}-title"
    )


def _cells(row: Mapping[str, Any]) -> list[str]:
    named = join([tag("strong", row["name"]), ". ", row["claim"]])
    return [named, row["source"], row["how"], figure(row), _verdict(row)]


def figure(row: Mapping[str, Any]) -> str:
    """The worst figure and what it is."""
    value = row["figure"]["value"]
    shown = "none could be computed" if value is None else f"{value:.6g}"
    return f"{shown}: {row['figure']['what']}"


def _verdict(row: Mapping[str, Any]) -> Html:
    parts = [tag("strong", row["verdict"])]
    parts += [Html(": "), join([row["exact"]])] if row["exact"] else []
    if not row["as_expected"]:
        parts.append(tag("p", f"Not as expected: {row['wrong']}.", class_="bad"))
    return join(parts)
