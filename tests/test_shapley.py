"""Shapley values: the formula against all orders of arrival, and its axioms to the last bit."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.multimodal.analysis import shapley, subsets
from fusegrad.multimodal.analysis.shapley import Subset, residual

EXACT = 1e-12
Game = dict[Subset, float]
WORTH = st.floats(-1e3, 1e3, allow_subnormal=False)


def by_orders(values: Game) -> dict[str, float]:
    """The mean, over all M! orders in which names arrive, of what each adds on arrival."""
    names = max(values, key=len)
    gains: dict[str, list[float]] = {n: [] for n in names}
    for order in itertools.permutations(names):
        for k, name in enumerate(order):
            before = tuple(n for n in names if n in order[:k])
            after = tuple(n for n in names if n in order[: k + 1])
            gains[name].append(values[after] - values[before])
    return {n: math.fsum(g) / len(g) for n, g in gains.items()}


@st.composite
def games(draw: st.DrawFn, least: int = 1) -> Game:
    names = "abcde"[: draw(st.integers(least, 5))]
    return {s: draw(WORTH) for s in subsets(names)}


@given(games())
def test_the_formula_is_the_mean_over_orders_and_shares_out_all(values: Game) -> None:
    phi, want = shapley(values), by_orders(values)
    size = max(1.0, *map(abs, values.values()))
    assert all(abs(phi[n] - want[n]) <= EXACT * size for n in phi)
    assert residual(values, phi) <= EXACT * size


@given(games(least=2), st.integers(0, 4))
def test_who_never_changes_anything_gets_exactly_nothing(values: Game, which: int) -> None:
    names = max(values, key=len)
    null = names[which % len(names)]
    values = {s: values[tuple(n for n in s if n != null)] for s in values}
    assert shapley(values)[null] == 0.0


@given(games(least=2))
def test_two_that_act_alike_get_exactly_the_same(values: Game) -> None:
    names = max(values, key=len)
    first, second = names[0], names[-1]
    swap = {first: second, second: first}

    def canonical(s: Subset) -> Subset:
        twin = {swap.get(n, n) for n in s}
        return min(s, tuple(n for n in names if n in twin))

    values = {s: values[canonical(s)] for s in values}
    phi = shapley(values)
    assert phi[first] == phi[second]


def test_games_with_known_values() -> None:
    gloves = {s: float(("a" in s) and ("b" in s or "c" in s)) for s in subsets("abc")}
    want = {"a": 2 / 3, "b": 1 / 6, "c": 1 / 6}
    assert shapley(gloves) == pytest.approx(want, abs=EXACT)
    additive = {
        s: sum({"a": 0.5, "b": -2.0, "c": 7.0, "d": 0.0}[n] for n in s) for s in subsets("abcd")
    }
    assert shapley(additive) == pytest.approx(
        {"a": 0.5, "b": -2.0, "c": 7.0, "d": 0.0}, abs=EXACT
    )
    assert shapley({(): 1.0, ("a",): 3.0}) == {"a": 2.0}
    assert shapley({(): 1.0}) == {}


def test_the_miniature_of_image_and_audio() -> None:
    accuracy = {(): 0.1, ("image",): 0.634, ("audio",): 0.386, ("image", "audio"): 0.738}
    phi = shapley(accuracy)
    assert phi["image"] == pytest.approx(0.443, abs=5e-4)
    assert phi["audio"] == pytest.approx(0.195, abs=5e-4)


def test_subsets_are_all_of_them_in_order() -> None:
    found = subsets(["b", "a", "c"])
    assert (
        len(found) == len(set(found)) == 8 and found[0] == () and found[-1] == ("b", "a", "c")
    )
    assert np.unique([len(s) for s in found], return_counts=True)[1].tolist() == [1, 3, 3, 1]


def test_a_set_without_a_worth_is_refused() -> None:
    text = r"shapley: expected the worth of all subsets of \['a', 'b'\], got none of b; see"
    with pytest.raises(fg.OptionError, match=text):
        shapley({(): 0.0, ("a",): 1.0, ("a", "b"): 2.0})
