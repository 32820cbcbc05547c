"""A computation graph as SVG: boxes in layers from top to bottom, with values and gradients."""

from collections.abc import Sequence
from dataclasses import dataclass

from .layered import layered
from .markup import Html, join, tag

LETTER, LINE, PAD = 7.0, 15.0, 8.0
WIDEST = 30  # letters of a line of text


@dataclass(frozen=True)
class Box:
    """A box of lines of text; `key` is how a script finds it, `kind` how it looks, `opens` the
    number of the picture that lies in it."""

    key: str
    kind: str
    title: str
    lines: Sequence[str] = ()
    opens: int | None = None


def draw_graph(boxes: Sequence[Box], edges: Sequence[tuple[int, int]], title: str) -> Html:
    """The graph as an <svg>. Raises: OptionError for edges that make a circle."""
    sizes = [_size(box) for box in boxes]
    placed = layered(sizes, edges)
    lines = [_edge(boxes, edge, path) for edge, path in zip(edges, placed.paths, strict=True)]
    drawn = [_box(b, s, at) for b, s, at in zip(boxes, sizes, placed.boxes, strict=True)]
    width, height = round(placed.width + 4), round(placed.height + 4)
    return tag(
        "svg",
        tag("g", join(lines), class_="edges"),
        tag("g", join(drawn), class_="boxes"),
        viewBox=f"-2 -2 {width} {height}",
        width=width,
        height=height,
        role="group",
        aria_label=title,
        class_="graph",
    )


def _size(box: Box) -> tuple[float, float]:
    letters = max(len(_clipped(text)) for text in (box.title, *box.lines))
    return max(44.0, letters * LETTER + 2 * PAD), LINE * (1 + len(box.lines)) + PAD


def _clipped(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _box(box: Box, size: tuple[float, float], at: tuple[float, float]) -> Html:
    (width, height), (x, y) = size, at
    top = y - height / 2
    place = {"x": x - width / 2, "y": top, "width": width, "height": height}
    said = [(box.title, "op"), *((text, "value") for text in box.lines)]
    texts = [
        tag("text", _clipped(text), x=_short(x), y=_short(top + LINE * k - 1), class_=kind)
        for k, (text, kind) in enumerate(said, 1)
    ]
    return tag(
        "g",
        tag("rect", **{name: _short(value) for name, value in place.items()}, rx="4"),
        *texts,
        class_=f"box {box.kind}",
        data_key=box.key,
        data_opens=box.opens,
        tabindex=0,
        role="button",
        aria_label=", ".join((box.title, *box.lines)),
    )


def _edge(
    boxes: Sequence[Box], edge: tuple[int, int], path: Sequence[tuple[float, float]]
) -> Html:
    """A line that is straight inside a layer and bends between two."""
    (x, y), *rest = path
    text = f"M{_short(x)} {_short(y)}"
    for u, v in rest:
        middle = (y + v) / 2
        bend = f"C{_short(x)} {_short(middle)} {_short(u)} {_short(middle)} "
        text += f"{'L' if u == x else bend}{_short(u)} {_short(v)}"
        x, y = u, v
    ends = f"{boxes[edge[0]].key}>{boxes[edge[1]].key}"
    return tag("path", d=text, data_edge=ends)


def _short(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")
