"""The page of a recording: what the page's script fills, and what is readable without it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..multimodal import FlowRecord
from .facts import branches
from .flows import flow_of
from .graph_section import graph_section
from .markup import Html, disclosure, join, scroller, table, tag
from .page import check_target, document, write_page
from .palette import networks

SCRIPTS = (
    "wide", "logarithm", "words", "unpack", "replay", "numbers", "formula", "trouble",
    "model", "ledger", "timeline", "scrubber", "curve", "settings", "dialects", "address",
    "download", "arrays", "picture", "way_back", "graph_view", "graph_export",
    "microscope",
)  # fmt: skip
LEDGER = ("Quantity", "Formula", "With numbers", "Value")
DIALECTS = ("Formula", "Parts at", "Step", "Parameter", "Who computes it", "What is different")
ONCE = (
    "What depends on scalars alone is computed once a step, exactly, and rounded once; to "
    "divide by it is to multiply by its reciprocal."
)
KEYS = "Arrow keys step, Home and End jump; backwards too: nothing is lost."


def write_microscope(page: Mapping[str, Any], path: str | Path) -> Path:
    """Write the page whole or not at all. Raises: FileNotFoundError, OSError."""
    target = check_target(path)
    write_page(target, render(page))
    return target


def render(page: Mapping[str, Any]) -> str:
    """The whole page as text. `page` holds its title, a finding, the book for the script, and
    tables of figures that are readable without it."""
    sections = [_header(page), *_sections(page)]
    style = (Path(__file__).parent / "microscope.css").read_text(encoding="utf-8")
    body, scripts = join(sections, "\n\n"), [f"js/{name}.js" for name in SCRIPTS]
    return document(page["title"], body, script=scripts, style=style, data=page["book"])


def _header(page: Mapping[str, Any]) -> Html:
    return tag(
        "header",
        tag("p", "fusegrad trace", class_="task"),
        tag("h1", page["title"]),
        tag("p", page["finding"], class_="finding"),
        *(tag("p", note, class_="caution") for note in page["notes"]),
        tag("p", page["made"], class_="aside"),
    )


def _sections(page: Mapping[str, Any]) -> list[Html]:
    steps = tag("div", _steps(), _dialects(), id="live", hidden="")
    flow = [_flow(page["flow"])] if page["flow"] else []
    figures = [_figures(page["figures"])] if page["figures"] else []
    return [steps, graph_section(), *flow, *figures]


def _section(key: str, title: str, *body: Html) -> Html:
    heading = tag("h2", title, id=f"{key}-title")
    return tag("section", heading, *body, id=key, aria_labelledby=f"{key}-title")


def _steps() -> Html:
    return _section(
        "steps",
        "One number, step by step",
        _controls(),
        _curve(),
        tag("p", id="verdict", role="status"),
        _empty_table("ledger", "This step, as the kernel computed it", LEDGER),
        tag("p", ONCE, class_="aside"),
        tag("p", id="trouble", role="status"),
        _settings(),
        _empty_table("timeline", "The steps around it", ()),
        tag(
            "p",
            tag("button", "All steps as CSV", type="button", id="csv"),
            tag("button", "as JSON", type="button", id="json"),
            class_="tools",
        ),
    )


def _controls() -> Html:
    buttons = [
        tag("button", text, type="button", id=key, aria_label=label)
        for key, text, label in (
            ("first", "«", "First step"),
            ("back", "‹", "One step back"),
            ("on", "›", "One step on"),
            ("last", "»", "Last step"),
        )
    ]
    return tag(
        "div",
        tag("label", "Number ", tag("select", id="which")),
        tag("label", "Step ", tag("input", type="range", id="slider", min=0, max=0, value=0)),
        tag("output", id="now"),
        tag("span", *buttons, class_="buttons"),
        tag("small", KEYS),
        class_="controls",
    )


def _curve() -> Html:
    parts = [
        tag("path", class_="was"),
        tag("path", class_="is"),
        tag("line", class_="cursor"),
        tag("circle", class_="here", r=4),
        tag("text", class_="high", x=632, y=11),
        tag("text", class_="low", x=632, y=149),
    ]
    label = "The parameter over all steps; the line marks the step that is shown."
    picture = tag(
        "svg", *parts, id="curve", viewBox="0 0 640 152", role="img", aria_label=label
    )
    return tag("figure", picture)


def _empty_table(key: str, caption: str, head: Sequence[str]) -> Html:
    """A table that the script fills."""
    top = tag("tr", *(tag("th", text, scope="col") for text in head))
    made = tag("table", tag("caption", caption), tag("thead", top), tag("tbody"), id=key)
    return scroller(caption, made)


def _settings() -> Html:
    return tag(
        "form",
        tag(
            "fieldset", tag("legend", "What if the settings were"), tag("div", class_="fields")
        ),
        tag("button", "As recorded", type="button", id="reset"),
        tag("p", id="refused", role="alert"),
        id="settings",
    )


def _dialects() -> Html:
    said = (
        "The same gradients under every formula that goes by this name, from the same start, "
        "with the settings above; a decay that this run has not is the library's own. Parts "
        "at: the first step whose parameter is not the same, bit for bit, all computed here. "
        "A library that computes the same formula may round in another order."
    )
    head = [tag("th", text, scope="col") for text in DIALECTS]
    made = tag("table", tag("thead", tag("tr", *head)), tag("tbody"))
    return _section("dialects", "Dialects", tag("p", said), scroller("Dialects", made))


def _flow(flow: tuple[str, Sequence[FlowRecord]]) -> Html:
    """Charts of every branch's part, and who gets least."""
    says, records = flow
    drawn = flow_of(records, networks(branches(records)))
    return _section("flow", "What each branch is taught", tag("p", says, id="says"), drawn)


def _figures(figures: Sequence[Mapping[str, Any]]) -> Html:
    """Every recorded number that fits, readable without the script."""
    bodies = [
        disclosure(one["name"], table(one["caption"], one["head"], one["rows"]))
        for one in figures
    ]
    return _section("figures", "Figures", *bodies)
