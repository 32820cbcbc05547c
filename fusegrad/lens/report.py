"""Write one self-contained report.html."""

from collections.abc import Callable, Iterator
from pathlib import Path

from .confusion import confusion
from .finding import caution, finding
from .flows import flow
from .markup import Html, join, tag
from .page import check_target, document, write_page
from .pictures import pictures
from .race import race
from .record import Result
from .rule import rules
from .sections import learning, notes, results, settings

SECTIONS: dict[str, tuple[str, Callable[[Result], Html]]] = {
    "results": ("Results", results),
    "learning": ("How learning went", learning),
    "flow": ("How the gradient flowed", flow),
    "race": ("Optimizers, from the same start", race),
    "errors": ("Where it errs", confusion),
    "pictures": ("Pictures", pictures),
    "rule": ("What the optimizer computed", rules),
    "notes": ("Notes", notes),
    "settings": ("Settings and environment", settings),
}
EXPECTED = ("results", "learning", "flow", "errors", "pictures")


def write_report(result: Result, path: str | Path) -> Path:
    """Write the page whole or not at all. Raises: FileNotFoundError, OSError."""
    target = check_target(path)
    write_page(target, render(result))
    return target


def render(result: Result) -> str:
    """The whole page as text; it asks for no other file."""
    made = {key: make(result) for key, (_, make) in SECTIONS.items()}
    bodies = {key: body for key, body in made.items() if body}
    sections = [_section(result, key, body) for key, body in bodies.items()]
    body = join([_header(result, bodies), *sections], "\n\n")
    return document(result.title, body, script="report.js")


def _section(result: Result, key: str, body: Html) -> Html:
    heading = tag("h2", _title(result, key), id=f"{key}-title")
    return tag("section", heading, body, id=key, aria_labelledby=f"{key}-title")


def _title(result: Result, key: str) -> str:
    """The heading of a section; examples are called what the rows of the data are."""
    return result.noun.capitalize() if key == "pictures" else SECTIONS[key][0]


def _header(result: Result, bodies: dict[str, Html]) -> Html:
    links = [tag("a", _title(result, key), href=f"#{key}") for key in bodies]
    return tag(
        "header",
        tag("p", result.task, class_="task"),
        tag("h1", result.title),
        tag("p", finding(result), class_="finding"),
        *(tag("p", text, class_="caution") for text in _remarks(result, bodies)),
        tag("nav", *links, aria_label="Sections"),
    )


def _remarks(result: Result, bodies: dict[str, Html]) -> Iterator[str]:
    if text := caution(result):
        yield text
    missing = [_title(result, key).lower() for key in EXPECTED if key not in bodies]
    if missing:
        yield f"Not measured, so not on this page: {', '.join(missing)}."
