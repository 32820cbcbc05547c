"""Gradient badges: wrong vjps are found by name and place, right ones never."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.engine import OPS, ROWS
from fusegrad.microscope.badge import Badge, badges
from tests.badge_sample import (
    MISTAKES,
    SLOPED,
    A,
    B,
    Mistake,
    fitted,
    leaf,
    moved,
    normed,
    of,
    recorded,
    tangled,
)  # fmt: skip
from tests.cases import OPERATIONS
from tests.rows_sample import drawn
from tests.test_checker import op_of, plant


def found(mistake: Mistake, patch: pytest.MonkeyPatch) -> list[Badge]:
    with patch.context() as planted:
        plant(planted, OPS[mistake.op], mistake.input, mistake.vjp)
        one = recorded(mistake.program, A, B)
    return [badge for badge in badges(one) if badge.verdict == "differs"]


def test_there_are_twenty_mistakes_and_without_them_all_agree() -> None:
    assert len(MISTAKES) == 20
    for program in (tangled, normed, moved, fitted):
        assert {badge.verdict for badge in badges(recorded(program, A, B))} == {"agrees"}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m.op}-{m.input}")
def test_a_wrong_vjp_is_found_by_op_input_and_index(
    mistake: Mistake, monkeypatch: pytest.MonkeyPatch
) -> None:
    differing = found(mistake, monkeypatch)
    assert differing
    assert {(b.name, b.input) for b in differing} == {(mistake.op, mistake.input)}
    for badge in differing:
        assert badge.relative > 5e-4 > badge.tolerance and badge.index
        assert badge.text.startswith("Gradient checked: WRONG by ")


def test_the_index_is_that_of_the_wrong_element() -> None:
    bent = np.ones((2, 3))
    bent[1, 2] = 1.001
    planted = op_of(np.sin, lambda g, a: g * fg.cos(a) * bent, jvp="symmetric")
    (badge,) = of("planted", badges(recorded(planted, A)))
    assert (badge.verdict, badge.index, badge.op) == ("differs", (1, 2), 0)


# ---- no false alarm -------------------------------------------------------------------------
CASES, EXAMPLES, OPS_EACH = 10_000, 345, 20
STRUCTURAL = [(n, k) for n, known in OPERATIONS.items() for k in range(len(known.uses))]
BETWEEN = {"add", "sum"}  # which join the others, and are not counted
TALLY: list[Badge] = []


def one_of(choice: int, rng: np.random.Generator, dtype: Any) -> Any:
    """The value of a row or another op, of random arguments."""
    is_other, choice = choice % 3 == 0, choice // 3
    if not is_other:
        name = SLOPED[choice % len(SLOPED)]
        shape = [(3,), (2, 3), (), (2, 1)][choice % 4]
        args = [rng.uniform(*domain, shape) for domain in ROWS[name].domains]
        call, params = ROWS[name].function, ()
    else:
        name, use = STRUCTURAL[choice % len(STRUCTURAL)]
        shapes, params = OPERATIONS[name].uses[use]
        args, call = OPERATIONS[name].draw(shapes), OPERATIONS[name].call
    return call(*(leaf(a, dtype) for a in args), *params)


def program(choices: Sequence[int], seed: int, dtype: Any) -> Any:
    """Random ops, and what becomes of their values when these meet."""
    rng, total = np.random.default_rng(seed), leaf(0.5, dtype)
    for choice in choices:
        y = one_of(choice, rng, dtype)
        for part in y if isinstance(y, (tuple, list)) else [y]:
            total = total + fg.sum(part)
    return total


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True)
@given(
    choices=st.lists(st.integers(0, 10**7), min_size=OPS_EACH, max_size=OPS_EACH),
    seed=st.integers(0, 2**32),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def check_a_random_program(choices: Sequence[int], seed: int, dtype: Any) -> None:
    all_of_it = badges(recorded(lambda: program(choices, seed, dtype)))
    TALLY.extend(badge for badge in all_of_it if badge.name not in BETWEEN)
    assert not [badge for badge in all_of_it if badge.verdict == "differs"]


@pytest.mark.slow
def test_ten_thousand_right_vjps_raise_no_alarm() -> None:
    TALLY.clear()
    check_a_random_program()
    verdicts = [badge.verdict for badge in TALLY]
    assert len(verdicts) >= CASES
    assert verdicts.count("agrees") >= 0.99 * len(verdicts)
    assert len({badge.name for badge in TALLY}) >= 0.9 * len([*SLOPED, *OPERATIONS])


# ---- every op ------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*SLOPED, *OPERATIONS])
def test_every_op_of_the_tables_agrees(name: str, dtype: Any) -> None:
    if name in ROWS:
        one = recorded(ROWS[name].function, *drawn(name, np.random.default_rng(0)), dtype=dtype)
        assert {badge.verdict for badge in of(name, badges(one))} == {"agrees"}
        return
    known = OPERATIONS[name]
    for shapes, params in known.uses:
        f = functools.partial(called, known.call, params)
        found = of(name, badges(recorded(f, *known.draw(shapes), dtype=dtype)))
        assert found and {badge.verdict for badge in found} == {"agrees"}, found


def called(call: Any, params: Any, *args: Any) -> Any:
    return call(*args, *params)


def test_the_tables_hold_every_op_that_a_gradient_goes_through() -> None:
    flat = {name for name, op in OPS.items() if not any(op.vjps)}
    assert {*SLOPED, *OPERATIONS} == OPS.keys() - flat
