"""A computation graph as SVG: boxes in layers from top to bottom, with values and gradients."""

from collections.abc import Sequence
from dataclasses import dataclass

from .layered import layered
from .markup import Html, join, tag

LETTER, LINE, PAD = 7.0, 15.0, 8.0
WIDEST = 30  # letters of a line of text
SIGNS = {"checked": ("✓", "gradient checked"), "wrong": ("✗", "gradient wrong")}

# What a picture looks like where there is no page around it.
STYLE = """
.graph { font: 12px sans-serif; background: #fffefb; }
.graph rect { fill: #fffefb; stroke: #5c6066; }
.graph text { text-anchor: middle; fill: #1d1f22; }
.graph .value { fill: #5c6066; }
.graph path { fill: none; stroke: #85888c; }
.graph .leaf rect, .graph .constant rect { fill: #f6f4ee; }
.graph .leaf rect { stroke: #0072b2; }
.graph .scope rect { stroke-width: 2.5; }
.graph .outside rect { stroke-dasharray: 3 3; }
.graph .mark { font-weight: 700; fill: #009e73; }
.graph .wrong .mark { fill: #b3401f; }
.graph .wrong rect { stroke: #b3401f; stroke-width: 3; }
"""


@dataclass(frozen=True)
class Box:
    """A box of lines of text; `key` is how a script finds it, `kind` how it looks, `opens` the
    number of the picture that lies in it, `mark` whether its gradients are right: a key of
    `SIGNS`, or nothing."""

    key: str
    kind: str
    title: str
    lines: Sequence[str] = ()
    opens: int | None = None
    mark: str = ""


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


def alone(svg: str) -> str:
    """A drawn graph as a file of its own."""
    head, rest = svg.split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STYLE}</style>{rest}'


def _size(box: Box) -> tuple[float, float]:
    beside = 4 if box.mark else 0  # letters, for the mark in a corner
    letters = max(len(_clipped(box.title)) + beside, *(len(_clipped(x)) for x in box.lines), 0)
    return max(44.0, letters * LETTER + 2 * PAD), LINE * (1 + len(box.lines)) + PAD


def _clipped(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _box(box: Box, size: tuple[float, float], at: tuple[float, float]) -> Html:
    (width, height), (x, y) = size, at
    top = y - height / 2
    place = {"x": x - width / 2, "y": top, "width": width, "height": height}
    sign, marked = SIGNS.get(box.mark, ("", ""))
    corner = {"x": _short(x + width / 2 - 7), "y": _short(top + 11)}
    return tag(
        "g",
        tag("rect", **{name: _short(value) for name, value in place.items()}, rx="4"),
        *_texts(box, x, top),
        *([tag("text", sign, **corner, class_="mark")] if sign else []),
        class_=f"box {box.kind} {box.mark}".rstrip(),
        data_key=box.key,
        data_opens=box.opens,
        tabindex=0,
        role="button",
        aria_label=", ".join((box.title, *box.lines, *filter(None, [marked]))),
    )


def _texts(box: Box, x: float, top: float) -> list[Html]:
    """The lines of a box, from its top down."""
    said = [(box.title, "op"), *((text, "value") for text in box.lines)]
    return [
        tag("text", _clipped(text), x=_short(x), y=_short(top + LINE * k - 1), class_=kind)
        for k, (text, kind) in enumerate(said, 1)
    ]


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
