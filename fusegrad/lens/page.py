"""A page that is one file: its head, its foot, and how it is written whole or not at all."""

import json
import os
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from .markup import Html, tag

STRICT = '"use strict";\n'


def document(
    title: str,
    *sections: str,
    script: str | Sequence[str] = (),
    style: str = "",
    data: Any = None,
) -> str:
    """The whole page as text; it asks for no other file. `script` names files of ours, which
    run in their order as one; `style` is CSS that only this page needs; `data`, plain values,
    is what the script finds in the element `book`."""
    parts = [tag("main", *sections, id="top"), _footer()]
    parts += [] if data is None else [_book(data)]
    script = _script((script,) if isinstance(script, str) else script)
    parts += [tag("script", Html(script))] if script else []
    page = tag("html", _head(title, script, style), tag("body", *parts), lang="en")
    return f"<!doctype html>\n{page}\n"


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


def write_page(target: Path, text: str) -> None:
    """Write a page. A reader never sees half of it: the new file takes the old one's place at
    once. Raises: OSError."""
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


def _head(title: str, script: str, style: str) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Html(_asset("report.css") + style)),
    )


def _policy(script: str) -> str:
    """Only this page's own script may run, so no text in it ever can."""
    allowed = "'none'"
    if script:
        allowed = f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {allowed}; base-uri 'none'; form-action 'none'"
    )


def _script(names: Sequence[str]) -> str:
    """Files of ours as one script; strict mode is said once."""
    texts = [_asset(name).removeprefix(STRICT) for name in names if name]
    return STRICT + "".join(texts) if texts else ""


def _book(data: Any) -> Html:
    """Plain values as JSON that cannot end the element they stand in."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return tag("script", Html(text), type="application/json", id="book")


def _footer() -> Html:
    text = "Written by fusegrad. Everything on this page is inside this one file."
    return tag("footer", tag("p", text, " ", tag("a", "Back to the top", href="#top")))


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
