"""A recording in a notebook: a table that stands anywhere, and the page in a frame.

The frame is sandboxed and holds the whole page (`srcdoc`), so that it lives on in an exported
notebook, without a kernel and without a network; where a viewer shows no frames, or runs no
scripts, the table is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from ..lens.microscope import render
from .course import Course
from .page import finding, page

if TYPE_CHECKING:
    from .record import Trace

ROWS = 12
HEAD = ("number", "optimizer", "steps", "first value", "last value", "last gradient")
ARRAYS = 2_000  # numbers of large arrays in a frame
SANDBOX = "allow-scripts allow-downloads"


def html(trace: Trace) -> str:
    """The table and the frame."""
    courses = [Course(log) for log in trace.followed]
    text = escape(render(page(trace, courses, ARRAYS, brief=True)), quote=True)
    frame = (
        f'<iframe sandbox="{SANDBOX}" srcdoc="{text}" title="{escape(repr(trace), quote=True)}"'
        ' style="width:100%;height:44rem;border:1px solid #8886;border-radius:6px"></iframe>'
    )
    return f"<div>{table(trace, courses)}{frame}</div>"


def table(trace: Trace, courses: Sequence[Course]) -> str:
    """What was recorded, in a row a number."""
    rows = [row for course in courses for row in _rows(course)]
    head = "".join(f"<th>{text}</th>" for text in HEAD)
    cells = ("".join(f"<td>{escape(text)}</td>" for text in row) for row in rows[:ROWS])
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    said = finding(trace, courses)
    if len(rows) > ROWS:
        said += f" {len(rows) - ROWS:,} more numbers are in the page."
    return (
        f'<table><caption style="text-align:left;caption-side:top">{escape(said)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _rows(course: Course) -> list[tuple[str, ...]]:
    log, theta, g = course.log, course.before["theta"], course.before["g"]
    kind, steps = type(log.optimizer).__name__, f"{len(log.t):,}"
    return [
        (
            f"{log.name}[{', '.join(map(str, index))}]" if index else log.name,
            kind,
            steps,
            *(f"{float(x):.6g}" for x in (theta[0, k], course.after["theta"][-1, k], g[-1, k])),
        )
        for k, index in enumerate(log.indices)
    ]
