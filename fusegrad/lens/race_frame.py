"""The frame of a picture of a race: scales with their marks, and lines cut to what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .markup import Html, tag
from .ticks import Scale, linear, logarithmic, whole
from .wording import short

# Drawn at the width of a narrow phone; the style sheet makes text smaller where it is scaled.
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 340, 44, 10, 22, 34
SLACK = 2.0  # tenths of a pixel that a drawn line may pass a point by


@dataclass(frozen=True)
class Frame:
    """Two scales, the marks on them, what they are called, and how high the whole is."""

    x: Scale
    y: Scale
    x_marks: Sequence[float]
    y_marks: Sequence[float]
    names: tuple[str, str]
    height: float

    def pixels(self, xs: Any, ys: Any) -> np.ndarray:
        """Where points are drawn, to a tenth of a pixel; nan for those outside.

        Shapes: (n,), (n,) -> (n, 2).
        """
        both = np.column_stack([_placed(self.x, xs), _placed(self.y, ys)])
        both[~np.isfinite(both).all(axis=1)] = np.nan
        return both.round(1)


def framed(
    x: tuple[float, float],
    y: tuple[float, float],
    names: tuple[str, str],
    inner: float,
    log: bool = False,
) -> Frame:
    """A frame around spans of two axes, `inner` pixels high inside; steps are counted."""
    across = Scale(*x, LEFT, WIDTH - RIGHT)
    upward = Scale(*y, TOP + inner, TOP, log)
    y_marks = logarithmic(*y) if log else _inside(*y)
    x_marks = whole(*x) if names[0] == "step" else _inside(*x)
    return Frame(across, upward, x_marks, y_marks, names, TOP + inner + BOTTOM)


def axes(frame: Frame) -> Iterator[Html]:
    """The marks of both axes with their numbers, and the names of the axes."""
    left, right, low = frame.x.start, frame.x.stop, frame.y.start
    for value in frame.y_marks:
        y = round(frame.y(value), 1)
        yield tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid")
        yield tag("text", short(value), x=left - 6, y=y + 4, class_="end")
    for value in frame.x_marks:
        x = round(frame.x(value), 1)
        yield tag("line", x1=x, x2=x, y1=low, y2=low + 4, class_="axis")
        yield tag("text", short(value), x=x, y=low + 16, class_="mid")
    yield tag("text", frame.names[0], x=right, y=low + 30, class_="end")
    yield tag("text", frame.names[1], x=2, y=11)


def line(pixels: np.ndarray, **attributes: str | None) -> Html:
    """A line through points; those that are nan leave a gap. It is written in whole tenths of
    a pixel, each point from the one before, without those that nobody would miss."""
    tenths = np.rint(10 * pixels)
    ends = np.flatnonzero(np.diff(np.isfinite([np.nan, *tenths[:, 0], np.nan])))
    parts = [_thinned(tenths[i:j]) for i, j in ends.reshape(-1, 2).tolist()]
    return tag("path", d="".join(map(_moves, parts)), transform="scale(.1)", **attributes)


def _thinned(points: np.ndarray) -> np.ndarray:
    """The points of a line without those that lie on it anyway (Douglas and Peucker, 1973)."""
    keep, spans = {0, len(points) - 1}, [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        far = _beside(points[first : last + 1])
        if far.size and far.max() > SLACK:
            middle = first + int(far.argmax())
            keep.add(middle)
            spans += [(first, middle), (middle, last)]
    return points[sorted(keep)]


def _beside(points: np.ndarray) -> np.ndarray:
    """How far each point lies from the straight line between the first and the last."""
    chord, past = points[-1] - points[0], points - points[0]
    along = past @ chord / max(chord @ chord, 1.0)
    return np.hypot(*(past - np.clip(along, 0, 1)[:, None] * chord).T)


def _moves(points: np.ndarray) -> str:
    x, y = points[0].astype(int).tolist()
    steps = np.diff(points, axis=0).astype(int).ravel().tolist() or [0, 0]  # a dot is seen too
    text = " ".join(map(str, steps)).replace(" -", "-")
    return f"M{x} {y}l{text}"


def _placed(scale: Scale, values: Any) -> np.ndarray:
    """`scale` of many values at once; nan outside of it."""
    seen = np.asarray(values, float)
    with np.errstate(all="ignore"):
        inside = (seen >= scale.low) & (seen <= scale.high)
    bent = np.log10 if scale.log else np.asarray
    low, high = bent(scale.low), bent(scale.high)
    share = (bent(np.where(inside, seen, scale.low)) - low) / (high - low or 1.0)
    return np.where(inside, scale.start + share * (scale.stop - scale.start), np.nan)


def _inside(low: float, high: float) -> list[float]:
    return [value for value in linear(low, high) if low <= value <= high]
