"""The frame around a chart: its title, its read-out and its row of panels."""

from collections.abc import Sequence

from .markup import Html, tag
from .svg import Chart, draw


def panel(chart: Chart) -> Html:
    """A chart with its title; script writes hovered values into the read-out."""
    scale = tag("small", " log scale") if chart.log else ""
    title = tag("figcaption", tag("span", chart.title, scale, class_="title"))
    return tag("figure", title, draw(chart), tag("p", class_="readout"))


def panels(parts: Sequence[Html]) -> Html:
    """Small multiples side by side; one pointer reads them all."""
    return tag("div", *parts, class_="panels")


def prose(*sentences: str) -> Html:
    """A paragraph of running text."""
    return tag("p", " ".join(sentence for sentence in sentences if sentence))
