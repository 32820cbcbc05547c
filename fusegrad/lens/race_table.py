"""The order of a race, its terms and its figures, readable without the script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ..race import Race, Run, card
from .markup import Html, disclosure, scroller, table, tag
from .race_course import measure, measured
from .race_paint import Look, swatch
from .wording import significant

ROWS = 10  # of the table by step, beside the first


def ranking(race: Race, paint: Mapping[str, Look]) -> Html:
    """Best first: rank, optimizer, the rate that counts, the last loss and that of the step
    which the script shows."""
    final = f"Final {measure(race).lower()}"
    names = (("Optimizer", None), ("Learning rate", "rate"), (final, None))
    head = [
        tag("th", "#", scope="col", aria_label="Rank"),
        *(tag("th", name, scope="col", class_=kind) for name, kind in names),
        tag("th", "Now", scope="col", class_="now"),
    ]
    rows = [_row(k, race, run, paint[run.name]) for k, run in enumerate(race.runs)]
    made = tag(
        "table",
        tag("caption", _caption(race)),
        tag("thead", tag("tr", *head)),
        tag("tbody", *rows),
        class_="ranking",
    )
    return scroller(f"Ranking on {race.title}", made)


def _caption(race: Race) -> str:
    known = f" The least there is: {race.least:g}." if race.least is not None else ""
    by = "regret a round after the last one" if race.kind == "time" else "loss at the last step"
    return f"Ranked by the {by}.{known if race.kind != 'time' else ''}"


def _row(number: int, race: Race, run: Run, look: Look) -> Html:
    box = tag("input", type="checkbox", checked="", hidden="", aria_label=f"Show {run.name}")
    name = tag("label", box, swatch(look), tag("span", run.name))
    small = [tag("small", f"rate {run.lr:g}", class_="rate")]  # where a column has no room
    small += [tag("small", note) for note in notes(run)]
    return tag(
        "tr",
        tag("td", str(run.rank)),
        tag("th", name, *small, scope="row"),
        tag("td", f"{run.lr:g}", class_="rate"),
        tag("td", last(race, run)),
        tag("td", class_="now"),
        data_run=number,
    )


def notes(run: Run) -> Iterator[str]:
    """What a reader should know of a place."""
    if run.diverged_at is not None:
        yield f"diverged at step {run.diverged_at}"
    if run.at_edge:
        yield "rate at the grid’s edge"


def last(race: Race, run: Run) -> str:
    """The last loss, from the least there is."""
    if run.diverged_at is not None:
        return "not finite"
    return significant(float(measured(race, run)[-1]))


def fairness(race: Race) -> Html:
    """The card of the race in full."""
    terms = [tag("div", tag("dt", name), tag("dd", said)) for name, said in card(race)]
    heading = tag("h3", "Fairness card")
    return tag("aside", heading, tag("dl", *terms), class_="card terms")


def figures(race: Race) -> list[Html]:
    """Losses at some steps, and every trial of everybody."""
    return [
        disclosure("Losses by step", _by_step(race)),
        disclosure("Every trial", _trials(race)),
    ]


def _by_step(race: Race) -> Html:
    end = max((len(run.losses) - 1 for run in race.runs), default=0)
    steps = np.unique(np.linspace(0, end, ROWS + 1).round().astype(int)).tolist()
    rows = [[str(t), *(f"{run.losses[t]:.6g}" for run in race.runs)] for t in steps]
    said = "Regret a round" if race.kind == "time" else "Loss"
    return table(said, ["Step", *(run.name for run in race.runs)], rows)


def _trials(race: Race) -> Html:
    rows = [
        [f"{rate:g}", *(_trial(run, k) for run in race.runs)]
        for k, rate in enumerate(race.rates)
    ]
    said = "Where every learning rate ended; the one that counts stands in bold"
    return table(said, ["Learning rate", *(run.name for run in race.runs)], rows)


def _trial(run: Run, k: int) -> str:
    trial = run.trials[k]
    end = trial.diverged_at
    text = f"{trial.loss:.3g}" if end is None else f"diverged at {end}"
    return tag("b", text) if trial.lr == run.lr else text
