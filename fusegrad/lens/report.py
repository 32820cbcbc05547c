"""Write one self-contained report.html."""

import os
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from .confusion import confusion
from .finding import caution, finding
from .flows import flow
from .markup import Html, join, tag
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
    _replace(target, render(result))
    return target


def check_target(path: str | Path) -> Path:
    """The path, if a report can be written there; asked before hours are spent on one.

    Raises: FileNotFoundError, OSError.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(
            f"write_report: expected a file name, got the folder {target}; "
            "add a name such as report.html"
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"write_report: expected an existing folder, got {target.parent}; "
            "create it first or choose another path"
        )
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            return target
    except OSError as error:
        raise _unwritable(target, error) from error


def render(result: Result) -> str:
    """The whole page as text; it asks for no other file."""
    made = {key: make(result) for key, (_, make) in SECTIONS.items()}
    bodies = {key: body for key, body in made.items() if body}
    sections = [_section(key, body) for key, body in bodies.items()]
    main = tag("main", join([_header(result, bodies), *sections], "\n\n"), id="top")
    script = tag("script", Html(_asset("report.js")))
    page = tag("html", _head(result), tag("body", main, _footer(), script), lang="en")
    return f"<!doctype html>\n{page}\n"


def _replace(target: Path, text: str) -> None:
    """A reader never sees half a page: the new file takes the old one's place at once."""
    try:
        handle, name = tempfile.mkstemp(".tmp", target.name, target.parent)
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: OSError) -> OSError:
    return type(error)(
        f"write_report: expected a writable folder, got {target.parent} "
        f"({error.strerror}); change its permissions or choose another path"
    )


def _section(key: str, body: Html) -> Html:
    heading = tag("h2", SECTIONS[key][0], id=f"{key}-title")
    return tag("section", heading, body, id=key, aria_labelledby=f"{key}-title")


def _header(result: Result, bodies: dict[str, Html]) -> Html:
    links = [tag("a", SECTIONS[key][0], href=f"#{key}") for key in bodies]
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
    missing = [SECTIONS[key][0].lower() for key in EXPECTED if key not in bodies]
    if missing:
        yield f"Not measured, so not on this page: {', '.join(missing)}."


def _head(result: Result) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", result.title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Html(_asset("report.css"))),
    )


def _policy() -> str:
    """Only this page's own script may run, so no text in it ever can."""
    digest = b64encode(sha256(_asset("report.js").encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _footer() -> Html:
    text = "Written by fusegrad. Everything on this page is inside this one file."
    return tag("footer", tag("p", text, " ", tag("a", "Back to the top", href="#top")))


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
