"""Charts as inline SVG: lines and stacked areas with labels at their ends."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

from .markup import Html, tag
from .ticks import Scale, linear, logarithmic, whole
from .wording import finite, short, significant

# Drawn at the width of a narrow phone, so text never shrinks below its size.
WIDTH, HEIGHT, TOP, BOTTOM, LEFT = 340, 232, 10, 38, 42
LETTER, LINE = 7.4, 14
LABEL = 14  # characters a label may have


@dataclass(frozen=True)
class Line:
    """One series; mark is the index of a point to ring."""

    name: str
    colour: str
    values: Sequence[float]
    strong: bool = False
    dash: str = ""
    mark: int | None = None


@dataclass(frozen=True)
class Chart:
    """Series over one x axis; values beside each other, or stacked as areas."""

    title: str
    x_name: str
    x: Sequence[float]
    lines: Sequence[Line]
    span: tuple[float, float] | None = None
    log: bool = False
    stacked: bool = False
    log_x: bool = False


@dataclass(frozen=True)
class Frame:
    """The scales of a chart and the marks on its axes."""

    x: Scale
    y: Scale
    x_marks: list[float]
    y_marks: list[float]


def draw(chart: Chart) -> Html:
    """The chart as an <svg>; a sentence when it has no finite value."""
    if not any(finite(v) for line in chart.lines for v in line.values):
        return tag("p", "No finite value to draw.", class_="empty")
    frame, tops = _frame(chart), _tops(chart)
    return tag(
        "svg",
        *_axes(chart, frame),
        *(_areas(chart, frame, tops) if chart.stacked else _strokes(chart, frame)),
        *_labels(chart, frame, tops),
        class_="chart",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=_summary(chart),
        data_points=_payload(chart, frame, tops),
    )


def suits_log(values: Sequence[float], ratio: float) -> bool:
    """Whether positive values spread over more than this ratio."""
    seen = [v for v in values if finite(v)]
    return bool(seen) and min(seen) > 0 and max(seen) / min(seen) > ratio


def _frame(chart: Chart) -> Frame:
    seen = [v for line in chart.lines for v in line.values if finite(v)]
    low, high = chart.span or (min(seen), max(seen))
    low, high = (low / 1.1, high * 1.1) if chart.log else (low, high)
    y_marks = (logarithmic if chart.log else linear)(low, high)
    low, high = (low, high) if chart.log else (y_marks[0], y_marks[-1])
    x_low, x_high = min(chart.x), max(chart.x)
    letters = max(len(_clipped(line.name)) for line in chart.lines)
    x = Scale(x_low, x_high, LEFT, WIDTH - 12 - letters * LETTER, chart.log_x)
    y = Scale(low, high, HEIGHT - BOTTOM, TOP, chart.log)
    return Frame(x, y, (logarithmic if chart.log_x else whole)(x_low, x_high), y_marks)


def _tops(chart: Chart) -> list[list[float]]:
    """Per series, the height of its line or of its area's upper edge."""
    values = [list(line.values) for line in chart.lines]
    if not chart.stacked:
        return values
    columns = [list(accumulate(column)) for column in zip(*values)]
    return [list(row) for row in zip(*columns)]


def _axes(chart: Chart, frame: Frame) -> Iterator[Html]:
    for value in frame.y_marks:
        y = round(frame.y(value), 1)
        yield tag("line", x1=LEFT, x2=frame.x.stop, y1=y, y2=y, class_="grid")
        yield tag("text", short(value), x=LEFT - 7, y=y + 4, class_="tick end")
    for value in frame.x_marks:
        x = round(frame.x(value), 1)
        yield tag("line", x1=x, x2=x, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM + 4, class_="axis")
        text = short(value) if chart.log_x else f"{value:.0f}"
        yield tag("text", text, x=x, y=HEIGHT - BOTTOM + 17, class_="tick mid")
    middle = (frame.x.start + frame.x.stop) / 2
    yield tag("text", chart.x_name, x=round(middle), y=HEIGHT - 5, class_="tick mid")


def _strokes(chart: Chart, frame: Frame) -> Iterator[Html]:
    for line in chart.lines:
        points = [(x, v) for x, v in zip(chart.x, line.values)]
        parts = list(_stretches(points))
        path = "".join(_path(frame, part) for part in parts)
        kind = "line strong" if line.strong else "line"
        dash = line.dash or None
        style = f"--c:{line.colour}"
        yield tag("path", d=path, class_=kind, style=style, stroke_dasharray=dash)
        yield from (_spot(frame, part[0], 2.4, "lone", style) for part in parts if not part[1:])
        if line.mark is not None and finite(line.values[line.mark]):
            yield _spot(frame, points[line.mark], 4, "ring", style)


def _spot(frame: Frame, point: tuple[float, float], r: float, kind: str, style: str) -> Html:
    x, y = f"{frame.x(point[0]):.1f}", f"{frame.y(point[1]):.1f}"
    return tag("circle", cx=x, cy=y, r=r, class_=kind, style=style)


def _stretches(points: list[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """The runs of finite points; what is not finite leaves a gap."""
    for drawable, part in groupby(points, key=lambda point: finite(point[1])):
        if drawable:
            yield list(part)


def _path(frame: Frame, points: list[tuple[float, float]]) -> str:
    pixels = [f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in points]
    return "M" + "L".join(pixels)


def _areas(chart: Chart, frame: Frame, tops: list[list[float]]) -> Iterator[Html]:
    floor = [0.0] * len(chart.x)
    for line, below, above in zip(chart.lines, [floor, *tops], tops):
        path = _ribbon(chart, frame, below, above)
        yield tag("path", d=path, class_="area", style=f"--c:{line.colour}")
    y = round((frame.y.start + frame.y.stop) / 2, 1)
    yield tag("line", x1=LEFT, x2=frame.x.stop, y1=y, y2=y, class_="half")


def _ribbon(chart: Chart, frame: Frame, below: list[float], above: list[float]) -> str:
    edge = list(zip(chart.x, above))
    floor = dict(zip(chart.x, below))
    path = ""
    for part in _stretches(edge):
        back = [(x, floor[x]) for x, _ in reversed(part)]
        path += _path(frame, [*part, *back]) + "Z"
    return path


def _labels(chart: Chart, frame: Frame, tops: list[list[float]]) -> Iterator[Html]:
    ends = []
    for i, line in enumerate(chart.lines):
        last = next((j for j in reversed(range(len(tops[i]))) if finite(tops[i][j])), None)
        if last is not None:
            low = tops[i - 1][last] if chart.stacked and i else frame.y.low
            value = (tops[i][last] + low) / 2 if chart.stacked else tops[i][last]
            ends.append((frame.y(value), line))
    for y, line in _apart(ends):
        style, name = f"--c:{line.colour}", _clipped(line.name)
        kind = "name strong" if line.strong else "name"
        yield tag("text", name, x=frame.x.stop + 9, y=f"{y + 4:.1f}", class_=kind, style=style)


def _apart(ends: list[tuple[float, Line]]) -> list[tuple[float, Line]]:
    """Labels pushed down until none overlaps, then the pile lifted into the frame."""
    ends = sorted(ends, key=lambda end: end[0])
    heights = [y for y, _ in ends]
    for i, _ in enumerate(pairwise(heights)):
        heights[i + 1] = max(heights[i + 1], heights[i] + LINE)
    ceiling = float(HEIGHT - BOTTOM)
    for i in reversed(range(len(heights))):
        heights[i] = min(heights[i], ceiling)
        ceiling = heights[i] - LINE
    return [(y, line) for y, (_, line) in zip(heights, ends)]


def _clipped(name: str) -> str:
    return name if len(name) <= LABEL else name[: LABEL - 1] + "…"


def _summary(chart: Chart) -> str:
    ends = []
    for line in chart.lines:
        seen = [v for v in line.values if finite(v)]
        ends.append(
            f"{line.name} ends at {significant(seen[-1])}" if seen else f"{line.name}: none"
        )
    return f"{chart.title} by {chart.x_name}: {'; '.join(ends)}."


def _payload(chart: Chart, frame: Frame, tops: list[list[float]]) -> str:
    """What the hover read-out needs: x, its pixel, and per series text and pixel."""
    series = [
        {
            "name": line.name,
            "colour": line.colour,
            "text": [significant(v) for v in line.values],
            "y": [round(frame.y(v), 1) if finite(v) else None for v in top],
        }
        for line, top in zip(chart.lines, tops)
    ]
    pixels = [round(frame.x(x), 1) for x in chart.x]
    book = {"name": chart.x_name, "x": list(chart.x), "px": pixels, "series": series}
    return json.dumps(book, separators=(",", ":"))
