"""What `fg.trace` refuses: its text in full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.microscope import Trace, trace
from tests.ops_sample import refused
from tests.trace_sample import leaf, stepped


# ---- what is refused ------------------------------------------------------------------------
def recorded() -> Trace:
    p = leaf([[1.0, 2.0]], "w")
    optimizer = optim.SGD([p], lr=0.1)
    with trace(follow={"w": [(0, 1)]}) as seen:
        stepped(optimizer, p, 1.0, 2.0)
    return seen


def follows(index: Any, name: str = "w") -> None:
    p = leaf([[1.0, 2.0]], "w")
    optimizer = optim.SGD([p], lr=0.1)
    with trace(follow={name: [index]}):
        stepped(optimizer, p, 1.0)


def opened(**options: Any) -> None:
    with trace(**options):
        raise AssertionError("it began")


FOLLOW = "; write follow={'weight': [(0, 1)]}"
REFUSED: list[tuple[Any, str]] = [
    (lambda: recorded().at("b", t=1),
     "Trace: expected a parameter that stepped: w, got 'b'; name one"),
    (lambda: recorded().at("w", (0, 0), t=1),
     "Trace of w: expected an element that is followed: (0, 1), got (0, 0); "
     "trace(follow={'w': [(0, 0)]})"),
    (lambda: recorded().at("w", (0, 1), t=7),
     "Trace of w: expected a step from 1 to 2, got 7; choose one seen"),
    (lambda: recorded().table("w", (0, 2)),
     "trace: expected an index into w (1, 2), got (0, 2): index 2 is out of bounds for axis 1 "
     "with size 2; write (row, column)"),
    (lambda: follows((3, 0)),
     "trace: expected an index into w (1, 2), got (3, 0): index 3 is out of bounds for axis 0 "
     "with size 1; write (row, column)"),
    (lambda: follows(0),
     "trace: expected an index of one element, got 0, which picks 2 of w (1, 2); "
     "write (row, column)"),
    (lambda: follows((0, slice(0, 0))),
     "trace: expected an index of one element, got (0, slice(0, 0, None)), which picks 0 of "
     "w (1, 2); write (row, column)"),
    (lambda: follows(0, "b"),
     "Trace: expected a parameter that stepped: w, got 'b'; name one"),
    (lambda: opened(elements=-1),
     "trace: expected elements of at least 0, got -1; leave it out for 64"),
    (lambda: opened(elements="many"),
     "trace: expected elements of at least 0, got 'many'; leave it out for 64"),
    (lambda: opened(graphs=-1),
     "trace: expected how many passes, or numbers of passes, got -1; count from 0"),
    (lambda: opened(graphs=[0, -2]),
     "trace: expected how many passes, or numbers of passes, got [0, -2]; count from 0"),
    (lambda: opened(graphs=1.5),
     "trace: expected how many passes, or numbers of passes, got 1.5; count from 0"),
    (lambda: opened(follow=["w"]),
     f"trace: expected follow={{name: [index, ...]}}, got ['w']{FOLLOW}"),
    (lambda: opened(follow={"w": 3}),
     f"trace: expected follow={{name: [index, ...]}}, got {{'w': 3}}{FOLLOW}"),
    (lambda: opened(follow={"w": "all"}),
     f"trace: expected follow={{name: [index, ...]}}, got {{'w': 'all'}}{FOLLOW}"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "text"), REFUSED)
def test_refusal_says_what_was_expected_what_came_and_the_cure(wrong: Any, text: str) -> None:
    with refused(fg.OptionError, text):
        wrong()


def test_an_index_may_be_written_in_any_way_that_picks_one() -> None:
    p = leaf(np.arange(6.0).reshape(2, 3), "w")
    optimizer = optim.SGD([p], lr=0.1)
    ways = [(-1, 2), (np.int64(0), 1), (0, slice(1, 2)), ([1], [0])]
    with trace(follow={"w": ways}) as seen:
        stepped(optimizer, p, 1.0)
    assert seen.parameter("w").indices == [(1, 2), (0, 1), (1, 0)]
    assert [seen.at("w", way, t=1).theta for way in ways] == [5.0, 1.0, 1.0, 3.0]
