"""How an optimizer looks, on every picture of a page: a colour, a dash and a marker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .markup import Html, tag
from .palette import optimizers

# In this order five colours go round, so that kin share one and differ by dash and marker.
KNOWN = ("Momentum", "Adam", "RMSProp", "SGD", "Adagrad", "Nesterov", "AMSGrad", "AdaMax")
MARKERS = (
    "M0-5.2 4.9 3.6-4.9 3.6Z",
    "M-4.4 0a4.4 4.4 0 1 0 8.8 0a4.4 4.4 0 1 0-8.8 0Z",
    "M-4-4H4V4H-4Z",
    "M0-5.4 5.4 0 0 5.4-5.4 0Z",
    "M-1.8-5H1.8V-1.8H5V1.8H1.8V5H-1.8V1.8H-5V-1.8H-1.8Z",
    "M0 5.2 4.9-3.6-4.9-3.6Z",
    "M-4.6-3-3-4.6 0-1.6 3-4.6 4.6-3 1.6 0 4.6 3 3 4.6 0 1.6-3 4.6-4.6 3-1.6 0Z",
    "M0-6.2 1.9-1.9 6.2 0 1.9 1.9 0 6.2-1.9 1.9-6.2 0-1.9-1.9Z",
)


class Look(NamedTuple):
    """A CSS colour, a dash of a stroke, and the outline of a marker about (0, 0)."""

    colour: str
    dash: str
    marker: str

    @property
    def style(self) -> str:
        """What the style sheet reads the colour from."""
        return f"--c:{self.colour}"


def looks(names: Iterable[str]) -> dict[str, Look]:
    """A look for each optimizer; those of every race always have theirs."""
    painted = optimizers([*KNOWN, *names])
    return {
        name: Look(*pair, MARKERS[k % len(MARKERS)])
        for k, (name, pair) in enumerate(painted.items())
    }


def swatch(look: Look) -> Html:
    """A piece of the line with its marker, for a legend."""
    line = tag("line", x1=0, x2=30, y1=6, y2=6, stroke_dasharray=look.dash or None)
    marker = tag("path", d=look.marker, transform="translate(15 6)")
    return tag(
        "svg", line, marker, viewBox="0 0 30 12", class_="swatch", style=look.style,
        aria_hidden="true",
    )  # fmt: skip
