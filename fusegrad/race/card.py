"""The terms of a race, so that a reader can see what was equal, and what was not tried."""

from __future__ import annotations

from collections.abc import Iterator

from .record import Race, Run

CAUTION = (
    "A race on one surface, from one start, says nothing about others. Another start, budget "
    "or grid can turn the order round; do not choose an optimizer by this picture."
)
RANKED = {
    "surface": "the loss at the last point; equal losses share a rank",
    "time": "the regret a round after the last one; equal ones share a rank",
    "plane": "the training loss at the last point; equal losses share a rank",
}


def card(race: Race) -> list[tuple[str, str]]:
    """The fairness card: terms and what they were, in plain words.

    >>> from .run import race
    >>> dict(card(race("saddle", [], steps=10, trials=3)))["Clipping"]
    'none, neither of gradients nor of steps, for anybody'
    """
    return [*_shared(race), *race.terms, *_outcomes(race), ("Caution", CAUTION)]


def _shared(race: Race) -> Iterator[tuple[str, str]]:
    rates, steps, count = race.rates, race.steps, len(race.runs)
    yield "Start", f"the same for all {count}: {_start(race)}"
    yield "Budget", f"{steps} steps and {steps} gradient evaluations for every trial of each"
    grid = f"learning rates from {rates[0]:g} to {rates[-1]:g} by equal factors"
    yield "Tuning", f"{len(rates)} trials for each, {grid}; the one that ends lowest counts"
    unless = "" if race.kind != "time" else ", or what the example fixes"
    yield "Not tuned", f"everything but the learning rate: it stays at its default{unless}"
    yield "Clipping", "none, neither of gradients nor of steps, for anybody"
    yield "Precision", "float64"
    yield "Ranked by", f"{RANKED[race.kind]}; what leaves the finite numbers comes last"
    yield "Always in", "SGD and Adam"


def _start(race: Race) -> str:
    x, y = race.start
    if race.kind == "plane":
        return "the first parameters of one network"
    return f"x = {y:g}" if race.kind == "time" else f"({x:g}, {y:g})"


def _outcomes(race: Race) -> Iterator[tuple[str, str]]:
    edge = [run.name for run in race.runs if run.at_edge]
    if edge:
        words = "a rate beyond the grid might do better by"
        yield "Edge of the grid", f"{words} {', '.join(edge)}"
    else:
        yield "Edge of the grid", "nobody's best rate is the first or the last tried"
    yield "Diverged", ", ".join(filter(None, map(_lost, race.runs))) or "no trial of anybody"


def _lost(run: Run) -> str:
    lost = sum(trial.diverged_at is not None for trial in run.trials)
    return f"{run.name} in {lost} of {len(run.trials)} trials" if lost else ""
