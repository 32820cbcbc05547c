"""Cases that differ in size only, as lines over the size, both axes by logarithm."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from fusegrad.lens.figure import panel
from fusegrad.lens.markup import Html
from fusegrad.lens.palette import SPARE
from fusegrad.lens.svg import Chart, Line

from .case import OURS
from .record import Result
from .wording import SECONDS

FEWEST = 2  # sizes that make a line


def families(results: Sequence[Result]) -> list[Html]:
    """A panel for each family of cases by the clock; all results have one number of threads."""
    names = dict.fromkeys(r.family for r in results if r.family and r.unit == "seconds")
    parts = [[r for r in results if r.family == name] for name in names]
    charts = (_chart(name, part) for name, part in zip(names, parts) if len(part) >= FEWEST)
    return [panel(chart) for chart in charts if chart]


def _chart(name: str, results: Sequence[Result]) -> Chart | None:
    """Medians of each contender; nan where it has no figure."""
    results = sorted(results, key=lambda result: result.size)
    medians = {
        contender: [_median(result, contender) for result in results]
        for contender in dict.fromkeys(t.name for r in results for t in r.contenders)
    }
    drawn = {k: v for k, v in medians.items() if not all(map(math.isnan, v))}
    if not drawn:
        return None
    largest = max(v for values in drawn.values() for v in values if not math.isnan(v))
    scale, unit = next((s for s in SECONDS if largest >= s[0]), SECONDS[-1])
    lines = [
        Line(contender, _colour(i, contender), [v / scale for v in values], contender == OURS)
        for i, (contender, values) in enumerate(drawn.items())
    ]
    sizes = [result.size for result in results]
    return Chart(f"{name}, {unit}", "size", sizes, lines, log=True, log_x=True)


def _colour(index: int, contender: str) -> str:
    return "var(--fused)" if contender == OURS else SPARE[index % len(SPARE)]


def _median(result: Result, contender: str) -> float:
    timed = next((t for t in result.contenders if t.name == contender), None)
    values = result.kept(timed) if timed else []
    return statistics.median(values) if values else math.nan
