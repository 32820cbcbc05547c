"""The section of a recorded graph: its picture, one box of it, and the way back."""

from .graph import STYLE
from .markup import Html, tag

SAID = (
    "Boxes are ops, parameters and data, with values and gradients; a module opens. The way "
    "back goes one vector-Jacobian product at a time: what arrives, times the local factor, is "
    "what an input gets."
)


def graph_section() -> Html:
    """What the script fills; hidden where nothing was recorded."""
    chooser = tag("label", "Recorded ", tag("select", id="pass"), hidden="")
    return tag(
        "section",
        tag("h2", "The graph, and the way back", id="graph-title"),
        tag("p", SAID),
        tag("p", id="not-finite"),
        chooser,
        tag("nav", id="trail", aria_label="Views of the graph"),
        tag("div", _picture(), _panel(), class_="split"),
        _exports(),
        id="graph",
        hidden="",
        aria_labelledby="graph-title",
    )


def _exports() -> Html:
    """The view that is shown as a file of its own, and the graph for Graphviz."""
    picture = tag("button", "This picture as SVG", type="button", id="svg", data_style=STYLE)
    return tag(
        "p", picture, tag("button", "Graph as DOT", type="button", id="dot"), class_="tools"
    )


def _picture() -> Html:
    label = "The graph"
    return tag(
        "div", id="picture", class_="scroll", role="region", tabindex=0, aria_label=label
    )


def _panel() -> Html:
    slider = tag("input", type="range", id="back-slider", min=0, max=0, value=0)
    moves = (("back-back", "‹", "One product back"), ("back-on", "›", "One product on"))
    buttons = [
        tag("button", text, type="button", id=key, aria_label=label)
        for key, text, label in moves
    ]
    controls = tag(
        "div",
        tag("label", "Way back ", slider),
        tag("output", id="back-now"),
        tag("span", *buttons, class_="buttons"),
        tag("label", tag("input", type="checkbox", id="wrong"), " a wrong order"),
        class_="controls",
    )
    lines = tag("div", id="back-lines", role="status")
    return tag("div", controls, lines, tag("div", id="facts"), class_="panel")
