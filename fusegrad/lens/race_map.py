"""Where the optimizers of a race went: paths over contour lines, or against the step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..race import Race, Run
from .markup import Html, tag
from .race_frame import LEFT, RIGHT, TOP, WIDTH, Frame, axes, framed, line
from .race_paint import Look
from .wording import listing, short

Levels = Sequence[tuple[float, list[np.ndarray]]]
LOW, HIGH = 150.0, 300.0  # how high a map may be; between, both axes have the same unit
TIME = 190.0


def map_frame(race: Race) -> Frame:
    """The window of a race."""
    (left, right), (low, high) = race.window
    inner = (WIDTH - LEFT - RIGHT) * (high - low) / (right - left)
    inner = TIME if race.kind == "time" else round(min(max(inner, LOW), HIGH), 1)
    return framed((left, right), (low, high), race.axes, inner)


def map_picture(race: Race, lines: Levels, paint: Mapping[str, Look]) -> Html:
    """The window with contours, the start, minima, and a path and a marker for each run."""
    frame = map_frame(race)
    runs = [path(k, run, frame, paint[run.name]) for k, run in enumerate(race.runs)]
    return tag(
        "svg",
        *axes(frame),
        *_contours(lines, frame),
        *reversed(runs),  # the best is drawn last, above all others
        *_marks(race, frame),
        class_="plot map",
        viewBox=f"0 0 {WIDTH} {frame.height:g}",
        role="img",
        aria_label=_summary(race),
    )


def path(number: int, run: Run, frame: Frame, look: Look) -> Html:
    """One run's path; the script draws the part so far above it, and moves the marker."""
    return stroke(number, frame.pixels(*run.path.T), look)


def stroke(number: int, pixels: np.ndarray, look: Look) -> Html:
    """A line of a run with a marker on the last of its points that are seen."""
    seen = pixels[np.isfinite(pixels[:, 0])]
    x, y = seen[-1].tolist() if len(seen) else (0.0, 0.0)
    dash, hidden = look.dash or None, None if len(seen) else "hidden"
    place = f"translate({x:g} {y:g})"
    return tag(
        "g",
        line(pixels, class_="whole", stroke_dasharray=dash),
        tag("path", class_="far", stroke_dasharray=dash),
        tag("path", d=look.marker, class_="spot", transform=place, visibility=hidden),
        data_run=number,
        class_="run",
        style=look.style,
    )


def _contours(levels: Levels, frame: Frame) -> Iterator[Html]:
    gap = np.full((1, 2), np.nan)
    for _, lines in levels:
        points = np.concatenate([gap, *(part for one in lines for part in (one, gap))])
        yield line(frame.pixels(*points.T), class_="contour")


def _marks(race: Race, frame: Frame) -> Iterator[Html]:
    points = [("minimum", point) for point in race.minima or ()]
    points += [("start", race.start)]
    for word, point in points:
        x, y = frame.pixels([point[0]], [point[1]])[0].tolist()
        if x == x:
            yield _mark(word, x, y)


def _mark(word: str, x: float, y: float) -> Html:
    shape = (
        "M-4 0H4M0-4V4" if word == "minimum" else "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0"
    )
    below = y < TOP + 20
    near = x > WIDTH - 80
    text = tag(
        "text", word, x=-7 if near else 7, y=15 if below else -6, class_="end" if near else None
    )
    return tag(
        "g", tag("path", d=shape), text, class_="mark", transform=f"translate({x:g} {y:g})"
    )


def said_contours(race: Race, levels: Levels) -> str:
    """What the contour lines stand for."""
    if not levels or race.grid is None:
        return ""
    apart = "by equal factors" if race.grid.log else "evenly spaced"
    least = f" above {race.least:g}" if race.grid.log and race.least else ""
    ends = f"from {short(levels[0][0])} to {short(levels[-1][0])}"
    return f"{len(levels)} contour lines of the loss, {ends}, {apart}{least}."


def _summary(race: Race) -> str:
    ends = [f"{run.name} {_end(race, run)}" for run in race.runs]
    minima = [_point(point) for point in race.minima or ()]
    lowest = f" The loss is least at {listing(minima)}." if minima else ""
    begin = f"x = {race.start[1]:g}" if race.kind == "time" else _point(race.start)
    return f"Paths on {race.title}, from {begin}.{lowest} Where they end: {'; '.join(ends)}."


def _end(race: Race, run: Run) -> str:
    if run.diverged_at is not None:
        return f"diverged at step {run.diverged_at}"
    x, y = run.path[-1].tolist()
    return f"at {race.axes[1]} = {y:.3g}" if race.kind == "time" else f"at {_point((x, y))}"


def _point(point: tuple[float, float]) -> str:
    return f"({point[0]:.3g}, {point[1]:.3g})"
