"""The page of races: where optimizers went on a loss, and under which terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..engine import lift
from ..kernels import FusegradError
from ..kernels.typeset import mathml
from ..race import Race, Run
from ..race.card import CAUTION
from .figure import prose
from .markup import Html, join, tag
from .page import check_target, document, write_page
from .race_book import book
from .race_course import course_frame, course_picture, measure
from .race_map import map_picture, said_contours
from .race_paint import Look, looks
from .race_table import fairness, figures, ranking
from .rule import is_mathml
from .wording import listing

TITLE = "Optimizers, raced on equal terms"
NAMES = ("unpack", "model", "picture", "rows", "player", "csv", "begin")
SCRIPTS = ("js/numbers.js", *(f"js/race_{name}.js" for name in NAMES))
KEYS = (
    "Arrow keys step, Home and End jump. A row that is pointed at stands out on the pictures."
)
BUTTONS = (
    ("first", "«", "First step"),
    ("back", "‹", "One step back"),
    ("on", "›", "One step on"),
    ("last", "»", "Last step"),
)


def write_races(races: Sequence[Race], path: str | Path) -> Path:
    """Write the page whole or not at all. Raises: FileNotFoundError, OSError."""
    target = check_target(path)
    write_page(target, render_races(races))
    return target


def render_races(races: Sequence[Race]) -> str:
    """The whole page as text, a section for each race."""
    paint = looks(run.name for race in races for run in race.runs)
    sections = [_section(f"race{k}", race, paint) for k, race in enumerate(races)]
    style = (Path(__file__).parent / "race.css").read_text(encoding="utf-8")
    body = join([_header(races), *sections], "\n\n")
    return document(TITLE, body, script=SCRIPTS, style=style, data=book(races))


def finding(races: Sequence[Race]) -> str:
    """Who ends first, and on how many races."""
    firsts = Counter(run.name for race in races for run in race.runs if _is_first(run))
    if not firsts:
        return "Nobody stayed finite."
    names, of = [name for name, _ in firsts.most_common()], len(races)
    if of == 1:
        return f"{listing(names)} {'ends' if len(names) == 1 else 'end'} lowest."
    parts = [f"{name} on {firsts[name]}" for name in names]
    parts[0] = f"{names[0]} is first on {firsts[names[0]]}"
    end = "" if of in firsts.values() else "; nobody on all"
    return f"Of {of} races, {listing(parts)}{end}."


def _is_first(run: Run) -> bool:
    return run.rank == 1 and run.diverged_at is None


def _header(races: Sequence[Race]) -> Html:
    links = [tag("a", race.title, href=f"#race{k}") for k, race in enumerate(races)]
    return tag(
        "header",
        tag("p", "fusegrad race", class_="task"),
        tag("h1", TITLE),
        tag("p", finding(races), class_="finding"),
        tag("p", CAUTION, class_="aside"),
        tag("nav", *links),
    )


def _section(key: str, race: Race, paint: Mapping[str, Look]) -> Html:
    beside = tag("div", ranking(race, paint), _course(race, paint), class_="beside")
    more = tag("div", *figures(race), *_source(race), _tools())
    return tag(
        "section",
        tag("h2", race.title, id=f"{key}-title"),
        prose(race.watch, _plane(race)),
        *_formula(race),
        _player(),
        tag("div", _map(race, paint), beside, more, class_="stage"),
        fairness(race),
        id=key,
        class_="race",
        aria_labelledby=f"{key}-title",
    )


def _plane(race: Race) -> str:
    """How much of a network's paths its plane shows."""
    if race.variance is None:
        return ""
    first, second = race.variance
    return (
        f"The plane holds {first + second:.1%} of the variance of the paths, {first:.1%} along "
        f"its first direction and {second:.1%} along its second; the rest is not seen here."
    )


def _formula(race: Race) -> list[Html]:
    """The loss as it was computed, where it can be read back from the function."""
    if race.formula is None:
        return []
    try:
        text = mathml(lift(race.formula, race.name))
    except FusegradError:  # a function of one's own that leaves the vocabulary
        return []
    return [tag("div", Html(text), class_="math scroll", tabindex=0)] if is_mathml(text) else []


def _source(race: Race) -> list[Html]:
    source = tag("pre", tag("code", race.latex), tabindex=0)
    return [tag("details", tag("summary", "Formula in LaTeX"), source)] if race.latex else []


def _player() -> Html:
    """The slider and its buttons; the script shows them."""
    buttons = [
        tag("button", text, type="button", data_to=key, aria_label=label)
        for key, text, label in BUTTONS
    ]
    slider = tag("input", type="range", min=0, max=0, value=0)
    return tag(
        "div",
        tag("button", "Play", type="button", class_="play"),
        tag("label", "Step ", slider),
        tag("output", class_="at"),
        tag("span", *buttons, class_="buttons"),
        tag("small", KEYS),
        class_="controls player",
        hidden="",
    )


def _tools() -> Html:
    button = tag("button", "All paths and losses as CSV", type="button", class_="csv")
    return tag("p", button, class_="tools", hidden="")


def _map(race: Race, paint: Mapping[str, Look]) -> Html:
    levels = race.grid.lines() if race.grid is not None else []
    said = said_contours(race, levels)
    caption = [tag("figcaption", said, class_="said")] if said else []
    return tag("figure", map_picture(race, levels, paint), *caption)


def _course(race: Race, paint: Mapping[str, Look]) -> Html:
    scale = tag("small", " log scale") if course_frame(race).y.log else ""
    title = tag("figcaption", tag("span", f"{measure(race)} by step", scale, class_="title"))
    return tag("figure", title, course_picture(race, paint))
