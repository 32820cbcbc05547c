"""The card of a race, and what a race refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from fusegrad import optim
from fusegrad.kernels import OptionError
from fusegrad.race import SURFACES, Surface, card, race

SHORT: dict[str, Any] = {"steps": 30, "trials": 6}
SQUARE = ((-1.0, 1.0), (-1.0, 1.0))


def test_the_card_says_the_terms() -> None:
    said = dict(card(race("ravine", seed=4, **SHORT)))
    assert said["Start"].startswith("the same for all 8: (-")
    assert said["Budget"] == "30 steps and 30 gradient evaluations for every trial of each"
    assert "6 trials for each, learning rates from 0.0001 to 10 by" in said["Tuning"]
    assert said["Precision"] == "float64" and said["Seed"].startswith("4: ")
    assert "says nothing about others" in said["Caution"] and "none" in said["Clipping"]


def test_the_card_names_whose_rate_lies_at_the_edge() -> None:
    told = "a rate beyond the grid might do better by "
    seen = []
    for result in (race(name, **SHORT) for name in SURFACES):
        edge = [r.name for r in result.runs if r.lr in (result.rates[0], result.rates[-1])]
        said = dict(card(result))["Edge of the grid"]
        assert (told in said) == bool(edge) and said.endswith(", ".join(edge))
        seen.append(bool(edge))
    assert set(seen) == {True, False}


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: race("alps"),
        "race: expected a surface or its name, got 'alps'; choose among rose",
    ),
    (
        lambda: race("beale", steps=0),
        "steps, a whole number from 1, got steps=0; give 1 or more",
    ),
    (lambda: race("beale", trials=1), "trials, a whole number from 2, got trials=1; give 2 or"),
    (lambda: race("beale", seed=-1), "race: expected seed, a whole number from 0, got seed=-1"),
    (lambda: race("beale", rates=(1, 0.1)), "0 < low < high, got rates=(1, 0.1); give the"),
    (lambda: race("beale", "adam"), "a list of optimizers, got 'adam'; write ['adam']"),
    (lambda: race("beale", ["sgd", optim.SGD]), "optimizer once, got SGD twice; leave one out"),
    (lambda: race("beale", ["adem"]), "with a learning rate, got adem; choose among adabound"),
    (
        lambda: race("beale", [optim.VSGD]),
        "an optimizer with a learning rate, got VSGD; choose",
    ),
    (
        lambda: race(
            Surface("s", "S", lambda x, y: (x + y).sum(), (0.0, 0.0), SQUARE), **SHORT
        ),
        "a formula that gives a Tensor, a loss a point, got shape () for (6,); write it in x",
    ),
    (lambda: race("ravine", [], **SHORT)["lion"], "of this race, got 'lion'; one of Adam, SGD"),
]


@pytest.mark.parametrize(("wrong", "text"), REFUSED)
def test_refusals(wrong: Callable[[], Any], text: str) -> None:
    with pytest.raises(OptionError, match=re.escape(text)):
        wrong()
