"""Markup whose plain text is escaped by construction."""

from collections.abc import Iterable, Sequence
from html import escape

VOID = frozenset({"meta", "link", "img", "input"})


class Html(str):
    """Text that is already markup; every other str is escaped when it is placed."""


def join(children: Iterable[str], between: str = "") -> Html:
    """The children in a row: Html kept as it is, plain text escaped."""
    parts = (child if isinstance(child, Html) else escape(child) for child in children)
    return Html(between.join(parts))


def tag(name: str, /, *children: str, **attributes: str | float | None) -> Html:
    """One element; class_ gives class, aria_label gives aria-label, None is left out."""
    pairs = (_pair(key, value) for key, value in attributes.items() if value is not None)
    opening = f"<{name}{''.join(pairs)}>"
    return Html(opening if name in VOID else f"{opening}{join(children)}</{name}>")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """A table of figures whose first column names the row."""
    top = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    body = join((_row(row) for row in rows), "\n")
    return tag("table", tag("caption", caption), tag("thead", top), tag("tbody", body))


def disclosure(summary: str, *children: str) -> Html:
    """A closed <details> that opens without script."""
    return tag("details", tag("summary", summary), scroller(summary, *children))


def scroller(label: str, *children: str) -> Html:
    """A box that scrolls sideways by itself, so the page never does."""
    return tag("div", *children, class_="scroll", role="region", tabindex=0, aria_label=label)


def _row(row: Sequence[str]) -> Html:
    first, *others = row
    return tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in others))


def _pair(key: str, value: str | float) -> str:
    return f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
