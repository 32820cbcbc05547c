"""Gradient badges at kinks, far out and on the page; and what is not checked, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import ROWS
from fusegrad.microscope.badge import badges
from fusegrad.microscope.pass_book import Budget, pass_book
from tests.badge_sample import A, leaf, of, recorded
from tests.rows_sample import KINKS
from tests.test_checker import op_of


# ---- kinks ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "at", "slopes"), KINKS)
def test_a_kink_is_never_taken_for_a_mistake(name: str, at: Any, slopes: Any) -> None:
    one = recorded(ROWS[name].function, *([x] for x in at))
    assert "differs" not in {badge.verdict for badge in of(name, badges(one))}


BENT: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [
    ("relu", fg.relu, ([-1.0, 0.0, 2.0],)),
    ("absolute", fg.abs, ([0.0, 3.0],)),
    ("maximum", fg.maximum, ([1.0, 2.0], [1.0, 5.0])),
    ("max", fg.max, ([3.0, 3.0, 1.0],)),
    ("max_pool", lambda x: fg.max_pool1d(x, 2), ([[[1.0, 1.0, 0.0, 2.0]]],)),
]


@pytest.mark.parametrize(("name", "f", "args"), BENT, ids=[name for name, *_ in BENT])
def test_a_kink_is_reported_where_it_is(name: str, f: Any, args: Any) -> None:
    for badge in (found := of(name, badges(recorded(f, *args)))):
        assert badge.verdict == "at a kink" and not badge.reason
        assert badge.text.startswith("At a kink at ") and badge.index[-1] in (0, 1)
    assert found


def test_a_slope_outside_of_a_kink_is_a_mistake() -> None:
    planted = op_of(np.abs, lambda g, a: g * 3.0, jvp="symmetric")
    (badge,) = of("planted", badges(recorded(planted, [0.0])))
    assert badge.verdict == "differs"


@pytest.mark.parametrize("f", [fg.tanh, fg.sigmoid, fg.softmax, fg.gelu, fg.log_softmax])
@pytest.mark.parametrize("x", [[40.0, -60.0], [0.0, 700.0], [1e-9, 1e8]])
def test_far_out_where_slopes_vanish_nothing_is_wrong(f: Any, x: Any) -> None:
    assert {badge.verdict for badge in badges(recorded(f, x))} == {"agrees"}


def test_beside_a_kink_a_smaller_step_tells() -> None:
    (badge,) = of("relu", badges(recorded(fg.relu, [1e-6, -3e-7])))
    assert badge.verdict == "agrees"


# ---- what is not checked --------------------------------------------------------------------
SEEN = iter(range(10**6))


@fg.primitive(vjp=lambda g, x: g)
def drifting(x: Any) -> Any:
    return x + next(SEEN)


@fg.primitive(vjp=lambda g, x: g)
def refusing(x: Any) -> Any:
    if next(SEEN):
        raise ValueError("once is enough")
    return x * 1.0


NOT_CHECKED: list[tuple[Callable[..., Any], Any, str]] = [
    (fg.exp, np.zeros(1025), "too large: of 1,025 elements at most 1,024 are kept"),
    (fg.log, [0.0], "it met numbers that are not finite"),
    (fg.exp, [np.nan], "it met numbers that are not finite"),
    (fg.sqrt, [0.0], "values beside it are no numbers"),
    (lambda x: fg.arctan2(x, [0.0]), [0.0],
     "differences do not settle there, as at a pole or a jump"),
    (drifting, [1.0], "run again it gives another value"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "reason"), NOT_CHECKED)
def test_what_cannot_be_checked_says_why(f: Any, x: Any, reason: str) -> None:
    badge = badges(recorded(f, x))[0]
    assert (badge.verdict, badge.method, badge.tolerance) == ("not checked", "", 0.0)
    assert badge.text == f"Not checked: {reason}."


def test_an_op_that_refuses_to_run_again_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SEEN", iter(range(10)))
    badge = badges(recorded(refusing, [1.0]))[0]
    assert badge.reason == "it cannot be run again: once is enough"


def test_an_op_that_ran_before_is_not_checked() -> None:
    y = fg.exp(leaf([1.0], np.float64))
    with fg.trace() as seen:
        (y * 2.0).sum().backward()
    first = [badge for badge in seen.badges() if badge.name == "exp"]
    assert [badge.reason for badge in first] == ["it was not seen when it ran"]


def test_dropout_is_run_again_with_its_mask() -> None:
    drop = fg.nn.Dropout(0.5, rng=np.random.default_rng(0))
    (badge,) = of("dropout", badges(recorded(drop, A)))
    assert (badge.verdict, badge.method) == ("agrees", "complex step")


def test_float32_is_checked_in_float64_and_counted_in_its_own_ulps() -> None:
    (badge,) = of("sin", badges(recorded(fg.sin, A, dtype=np.float32)))
    assert badge.dtype == "float32" and badge.ulps < 1e-6 and badge.relative < 1e-15


def test_a_badge_reads_well() -> None:
    (badge,) = of("multiply", badges(recorded(lambda a: a * 2.0, [1.0, 3.0])))
    text = "Gradient checked: differs by at most 0 ulp from the complex step, at a[0]."
    assert repr(badge) == f"Badge(multiply 1, input a: {text})"


# ---- the page -------------------------------------------------------------------------------
def test_the_page_marks_boxes_that_are_right_and_wrong() -> None:
    planted = op_of(np.sin, lambda g, a: g * fg.cos(a) * 1.001, jvp="symmetric")
    book = pass_book(recorded(lambda a: fg.exp(planted(a)), A), Budget(100), checked=True)
    kinds = {op["op"]: op["badge"][0] for op in book["ops"]}
    assert kinds == {"planted": "differs", "exp": "agrees", "sum": "agrees"}
    drawn = str(book["views"][book["first"]]["svg"])
    assert drawn.count('class="box op checked"') == 2 and drawn.count("✓") == 2
    assert drawn.count('class="box op wrong"') == 1 and drawn.count("✗") == 1
    assert "gradient wrong" in drawn


def test_a_trace_gives_the_badges_of_all_passes() -> None:
    x = leaf([1.0, 2.0], np.float64)
    with fg.trace(graphs=2) as seen:
        for _ in range(2):
            (fg.sin(x) * x).sum().backward()
    assert [b.number for b in of("sin", seen.badges())] == [0, 1]
    assert {b.verdict for b in seen.badges()} == {"agrees"}
