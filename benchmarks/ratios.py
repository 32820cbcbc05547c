"""The figure of a suite: a bar for each ratio from 1 outwards, its interval, and its goal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain, groupby

from fusegrad.lens.markup import Html, tag
from fusegrad.lens.ticks import Scale, logarithmic

from .intervals import FASTER, SLOWER, Ratio
from .record import Result
from .rows import Row
from .wording import figure, shown, within

# Drawn at the width of a narrow phone, so that text never shrinks below its size.
WIDTH, LEFT, RIGHT, TOP, FOOT = 340, 112, 290, 6, 24
CASES = 8  # a figure
MARK = 26  # between two marks of the axis
CASE, PEER = 22, 18  # heights of a line that names a case, and of one with a bar
LETTERS, PEER_LETTERS = 50, 16
COLOURS = {FASTER: "var(--fused)", SLOWER: "var(--bad)"}


def ratios(title: str, rows: Sequence[Row]) -> list[Html]:
    """Figures of some cases each, on one scale; none where no ratio is known. Of cases that
    differ in size and have no goal, the largest is drawn: the others are points of a line."""
    largest = {row.result.family: row.result.size for row in sorted(rows, key=_size)}
    drawn = [row for row in rows if row.ratio and _stands_out(row.result, largest)]
    parts = [list(part) for _, part in groupby(drawn, key=lambda row: row.result.case)]
    pieces = [list(chain(*parts[i : i + CASES])) for i in range(0, len(parts), CASES)]
    many = len(pieces) > 1
    return [
        _figure(f"{title} ({i} of {len(pieces)})" if many else title, piece, _scale(drawn))
        for i, piece in enumerate(pieces, 1)
    ]


def _size(row: Row) -> float:
    return row.result.size


def _stands_out(result: Result, largest: dict[str, float]) -> bool:
    alone = not result.family or bool(result.goals)
    return alone or result.size == largest[result.family]


def _figure(title: str, drawn: Sequence[Row], scale: Scale) -> Html:
    lines, height = _lines(drawn)
    body = [part for y, row, ratio in lines for part in _bar(scale, y, row, ratio)]
    chart = tag(
        "svg",
        *_axis(scale, height),
        *body,
        *_cases(drawn),
        class_="chart ratios",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_label=f"{title}: ours over theirs. {'; '.join(map(_spoken, drawn))}.",
    )
    return tag("figure", tag("figcaption", tag("span", title, class_="title")), chart)


def _scale(rows: Sequence[Row]) -> Scale:
    seen = [v for row in rows if (r := row.ratio) for v in (r.low, r.high, row.goal or 1.0)]
    low, high = min(0.5, *seen), max(2.0, *seen)
    return Scale(low / 1.05, high * 1.05, LEFT, RIGHT, log=True)


def _lines(rows: Sequence[Row]) -> tuple[list[tuple[float, Row, Ratio]], float]:
    """The middle of each bar, and where the last one ends."""
    found, y = [], float(TOP)
    for _, part in groupby(rows, key=lambda row: row.result.case):
        y += CASE
        for row in part:
            assert row.ratio is not None
            found.append((y + PEER / 2, row, row.ratio))
            y += PEER
    return found, y + FOOT


def _cases(rows: Sequence[Row]) -> Iterator[Html]:
    y = float(TOP)
    for case, part in groupby(rows, key=lambda row: row.result.case):
        yield tag("text", _clipped(case, LETTERS), x=0, y=y + 16, class_="group")
        y += CASE + PEER * len(list(part))


def _axis(scale: Scale, height: float) -> Iterator[Html]:
    foot = height - FOOT
    for value in _marks(scale):
        x = round(scale(value), 1)
        yield tag("line", x1=x, x2=x, y1=TOP, y2=foot, class_="grid")
        yield tag("text", f"{value:g}", x=x, y=foot + 15, class_="tick mid")
    x = round(scale(1.0), 1)
    yield tag("line", x1=x, x2=x, y1=TOP, y2=foot, class_="axis")


def _marks(scale: Scale) -> list[float]:
    """Those of the axis that do not cover each other: first 1, then powers of ten."""
    kept: list[float] = []
    found = [1.0, *logarithmic(scale.low, scale.high)]
    for value in sorted(found, key=lambda v: not math.log10(v).is_integer()):
        if all(abs(scale(value) - scale(other)) >= MARK for other in kept):
            kept.append(value)
    return kept


def _bar(scale: Scale, y: float, row: Row, ratio: Ratio) -> Iterator[Html]:
    assert row.peer is not None
    style = f"--c:{COLOURS.get(ratio.verdict, 'var(--spare5)')}"
    ends = sorted((scale(1.0), scale(ratio.value)))
    low, high = round(scale(ratio.low), 1), round(scale(ratio.high), 1)
    yield tag("text", _clipped(row.peer.name, PEER_LETTERS), x=8, y=y + 4)
    box = {"x": round(ends[0], 1), "y": y - 5, "width": round(ends[1] - ends[0], 1)}
    words = tag("title", _spoken(row))
    yield tag("rect", words, **box, height=10, class_="ratio", style=style)
    yield tag("line", x1=low, x2=high, y1=y, y2=y, class_="interval")
    if row.goal:
        x = round(scale(row.goal), 1)
        yield tag("line", x1=x, x2=x, y1=y - 8, y2=y + 8, class_="goal")
    yield tag("text", figure(ratio.value), x=WIDTH, y=y + 4, class_="end group")


def _spoken(row: Row) -> str:
    """A bar in words."""
    assert row.peer is not None and row.ratio is not None
    goal = f", goal {figure(row.goal)} {row.outcome}" if row.goal else ""
    value = f"{figure(row.ratio.value)} of {row.peer.name} ({within(row.ratio)})"
    return f"{row.result.case}: {value}, {shown(row.ratio, row.result.unit)}{goal}"


def _clipped(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
