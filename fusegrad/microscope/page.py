"""A recording as the values that its page is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from .book import steps_book
from .columns import columns
from .course import Course
from .export import to_dot
from .flow import flow_book, says
from .pass_book import Budget, pass_book

if TYPE_CHECKING:
    from .record import Trace

SHOWN = 12  # rows of a table without a script, from both ends
TABLES = 8
TITLE = "What every step computed"


def page(
    trace: Trace, courses: Sequence[Course], arrays: int, brief: bool = False
) -> dict[str, Any]:
    """What `lens.microscope` draws; `arrays` is how many numbers of large arrays it holds. A
    brief one has no tables for readers without a script, and no op's gradient is checked."""
    budget = Budget(arrays)
    tables = [] if brief else islice((x for one in courses for x in _figures(one)), TABLES)
    return {
        "title": trace.title or TITLE,
        "finding": finding(trace, courses),
        "notes": list(notes(trace)),
        "made": f"Recorded by fusegrad {__version__}; this page computes it once more.",
        "book": {
            "title": trace.title or TITLE,
            **steps_book(courses),
            "passes": [
                {**pass_book(one, budget, checked=not brief), "dot": to_dot(one)}
                for one in trace.passes
            ],
            "flow": flow_book(trace.flow),
        },
        "flow": (says(trace.flow), trace.flow) if trace.flow else None,
        "figures": list(tables),
    }


def finding(trace: Trace, courses: Sequence[Course]) -> str:
    """What was recorded, in a sentence or two."""
    logs = trace.followed
    if not logs:
        return "No optimizer stepped while this was recorded."
    equal, of = sum(int(c.equal.sum()) for c in courses), sum(len(log.t) for log in logs)
    steps = max(len(log.t) for log in logs)
    kinds = " and ".join(dict.fromkeys(type(log.optimizer).__name__ for log in logs))
    numbers = sum(len(log.flat) for log in logs)
    end = "Every one is" if equal == of else f"{equal:,} of {of:,} are"
    return (
        f"{steps:,} steps of {kinds}, seen at {numbers:,} number{'s' if numbers != 1 else ''}. "
        f"{end} what its formula says, bit for bit."
    )


def notes(trace: Trace) -> Iterator[str]:
    """What a reader has to know beside the numbers."""
    for log in trace.followed:
        bad = next((k for k, row in enumerate(log.after) if not _is_finite(row)), None)
        if bad is not None:
            yield f"{log.name} is not finite from t = {log.t[bad]} on; step there to see why."
    if trace.skipped:
        yield f"{trace.skipped:,} steps were left out, since they were no numbers."


def _is_finite(row: dict[str, np.ndarray]) -> bool:
    return all(np.isfinite(x).all() for x in row.values())


def _figures(course: Course) -> Iterator[dict[str, Any]]:
    """A table of plain text for each of a few followed elements."""
    log, shown = course.log, columns(course.log.program)
    rows = range(len(log.t))
    kept = [*rows[: SHOWN // 2], *rows[-(SHOWN // 2) :]] if len(rows) > SHOWN else list(rows)
    for place, index in list(enumerate(log.indices))[:2]:
        name = f"{log.name}[{', '.join(map(str, index))}]" if index else log.name
        series = [
            course.values[c.node][:, place % course.values[c.node].shape[1]] for c in shown
        ]
        yield {
            "name": name,
            "caption": f"{name}: {len(kept)} of {len(rows)} steps",
            "head": ["t", *(c.key for c in shown)],
            "rows": [[str(log.t[k]), *(f"{float(x[k]):.9g}" for x in series)] for k in kept],
        }
