"""A recording as the values that its page is made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from .book import steps_book
from .columns import columns
from .pass_book import Budget, pass_book
from .steps import Followed

if TYPE_CHECKING:
    from .record import Trace

SHOWN = 12  # rows of a table without a script, from both ends
TABLES = 8


def page(trace: Trace, arrays: int = 20_000) -> dict[str, Any]:
    """What `lens.microscope` draws; `arrays` is how many numbers of large arrays it holds."""
    budget = Budget(arrays)
    return {
        "title": trace.title or "What every step computed",
        "finding": finding(trace),
        "notes": list(notes(trace)),
        "made": f"Recorded by fusegrad {__version__}; this page computes it once more.",
        "book": {
            **steps_book(trace.followed),
            "passes": [pass_book(one, budget) for one in trace.passes],
        },
        "figures": list(islice((x for log in trace.followed for x in _figures(log)), TABLES)),
    }


def finding(trace: Trace) -> str:
    """What was recorded, in a sentence or two."""
    logs = trace.followed
    if not logs:
        return "No optimizer stepped while this was recorded."
    equal, of = trace.check()
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
            yield f"{log.name} is no number from t = {log.t[bad]} on; step there to see why."
    if trace.skipped:
        yield f"{trace.skipped:,} steps were left out, since they were no numbers."


def _is_finite(row: dict[str, np.ndarray]) -> bool:
    return all(np.isfinite(x).all() for x in row.values())


def _figures(log: Followed) -> Iterator[dict[str, Any]]:
    """A table of plain text for each of a few followed elements."""
    rows = range(len(log.t))
    kept = [*rows[: SHOWN // 2], *rows[-(SHOWN // 2) :]] if len(rows) > SHOWN else list(rows)
    values = {k: log.values(k) for k in kept}
    for place, index in list(enumerate(log.indices))[:2]:
        name = f"{log.name}[{', '.join(map(str, index))}]" if index else log.name
        yield {
            "name": name,
            "caption": f"{name}: {len(kept)} of {len(rows)} steps",
            "head": ["t", *(c.key for c in columns(log.program))],
            "rows": [[str(log.t[k]), *_cells(log, values[k], place)] for k in kept],
        }


def _cells(log: Followed, values: Any, place: int) -> list[str]:
    found = (np.ravel(values[c.node]) for c in columns(log.program))
    return [f"{float(x[place if x.size > 1 else 0]):.9g}" for x in found]
