"""Schedules: each formula by hand, in an optimizer, through a state, and out of range."""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.optim import schedules
from fusegrad.optim.schedules import (
    Constant,
    Cosine,
    Geometric,
    InverseSqrt,
    InverseTime,
    Schedule,
    Step,
    WarmUp,
    at,
)
from tests.ops_sample import refused
from tests.optim_sample import CASES, leaf

ULP = float(np.finfo(np.float64).eps)
# A power, a cosine, and a few roundings.
TOLERANCE = 8 * ULP
# schedule -> its value at some t, worked out by hand
BY_HAND: list[tuple[Schedule, dict[int, float]]] = [
    (Constant(0.3), {1: 0.3, 10**9: 0.3}),
    (InverseSqrt(0.6), {1: 0.6, 4: 0.3, 9: 0.2, 10**10: 6e-6}),
    (InverseTime(0.6, rate=0.5), {1: 0.6, 2: 0.4, 3: 0.3, 5: 0.2}),
    (InverseTime(0.6, rate=0.0), {1: 0.6, 50: 0.6}),
    (Geometric(0.8, 0.5), {1: 0.8, 2: 0.4, 4: 0.1}),
    (Geometric(0.8, 1.0), {7: 0.8}),
    (Geometric(0.8, 0.0), {1: 0.8, 2: 0.0}),
    (Step(0.8, every=3, factor=0.5), {1: 0.8, 3: 0.8, 4: 0.4, 6: 0.4, 7: 0.2}),
    (Step(0.8, every=1), {1: 0.8, 2: 0.08, 3: 0.008}),
    (Cosine(0.9, steps=4, floor=0.1), {1: 0.9, 3: 0.5, 5: 0.1, 6: 0.1, 10**9: 0.1}),
    (Cosine(1.0, steps=6), {3: 0.75, 5: 0.25, 7: 0.0}),
    (Cosine(1.0, steps=1), {1: 1.0, 2: 0.0}),
    (WarmUp(0.8, steps=4), {1: 0.2, 3: 0.6, 4: 0.8, 5: 0.8}),
    (WarmUp(InverseSqrt(0.6), steps=2), {1: 0.3, 2: 0.6 / math.sqrt(2), 4: 0.3}),
    (WarmUp(WarmUp(0.8, steps=4), steps=2), {1: 0.1, 2: 0.4, 4: 0.8}),
]


@pytest.mark.parametrize(("schedule", "values"), BY_HAND, ids=str)
def test_formulas_by_hand(schedule: Schedule, values: dict[int, float]) -> None:
    for t, value in values.items():
        assert schedule(t) == at(schedule, t) == pytest.approx(value, rel=TOLERANCE, abs=ULP)


def test_every_schedule_is_worked_out() -> None:
    classes = {
        c for c in vars(schedules).values() if isinstance(c, type) and issubclass(c, Schedule)
    }
    assert classes - {Schedule} == {type(schedule) for schedule, _ in BY_HAND}


@pytest.mark.parametrize(("schedule", "values"), BY_HAND, ids=str)
def test_the_step_at_t_is_the_setting_at_t(schedule: Schedule, values: Any) -> None:
    p = leaf(0.0)
    optimizer = optim.SGD([p], lr=schedule)
    for t in range(1, 9):
        p.grad = fg.Tensor([-1.0])
        before = float(p)
        optimizer.step()
        assert float(p) == before + schedule(t)


def test_t_is_a_parameters_own() -> None:
    early, late = leaf(0.0), leaf(0.0)
    optimizer = optim.SGD([early, late], lr=Geometric(1.0, 0.5))
    for g in (None, None, fg.Tensor([-1.0])):
        early.grad, late.grad = fg.Tensor([-1.0]), g
        optimizer.step()
    assert (float(early), float(late)) == (1.75, 1.0)


def test_any_setting_may_follow_t() -> None:
    """Against the same optimizer whose group is set by hand before each step."""
    follows: dict[str, Any] = {
        "lr": Cosine(0.1, steps=4),
        "betas": (Geometric(0.9, 0.9), WarmUp(0.9, steps=3)),
        "eps": InverseTime(0.1, rate=1.0),
        "weight_decay": Step(0.1, every=2),
    }
    p, q = leaf(1.0, (3,)), leaf(1.0, (3,))
    mine, other = optim.Adam([p], **follows), optim.Adam([q], weight_decay=1.0)
    for t in range(1, 7):
        p.grad = q.grad = fg.Tensor(np.random.default_rng(t).standard_normal(3))
        betas = tuple(at(b, t) for b in follows["betas"])
        values = {k: at(v, t) for k, v in follows.items() if k != "betas"}
        other.param_groups[0].update(values, betas=betas)
        mine.step()
        other.step()
        assert np.array_equal(p, q)


def test_a_start_may_be_a_schedules_first() -> None:
    p = leaf(1.0)
    start = Geometric(0.5, 0.1)
    optimizer = optim.dialect("adagrad", "keras")([p], initial_accumulator_value=start)
    p.grad = fg.Tensor([2.0])
    optimizer.step()
    assert optimizer.state[p]["s"].tolist() == [4.5]


@pytest.mark.parametrize("name", [n for n in CASES if "lr" in CASES[n].settings])
def test_a_state_with_schedules_goes_on_bit_for_bit(name: str) -> None:
    case, lr = CASES[name], WarmUp(Cosine(0.1, steps=5), steps=3)
    for cut in range(4):
        p = leaf(1.0, (3,))
        mine = case.make([p], **{**case.settings, "lr": lr})
        stepped(mine, p, range(cut))
        q = fg.Tensor(p.detach(), requires_grad=True)
        again = case.make([q], **case.settings)
        again.load_state_dict(pickle.loads(pickle.dumps(mine.state_dict())))
        assert again.param_groups[0]["lr"] == lr
        stepped(mine, p, range(cut, 6))
        stepped(again, q, range(cut, 6))
        assert np.array_equal(p, q) and mine.state[p]["step"] == again.state[q]["step"] == 6


def stepped(optimizer: Any, p: fg.Tensor, seeds: Any) -> None:
    for seed in seeds:
        p.grad = fg.Tensor(np.random.default_rng(seed).standard_normal(p.shape))
        optimizer.step()


# ---- ranges ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"lr": Constant(-0.1)}, "0 <= lr < inf, got lr=Constant(value=-0.1) at t=1"),
        ({"betas": (Constant(1.0), 0.9)},
         "two numbers, 0 <= beta < 1, got betas=(Constant(value=1.0), 0.9) at t=1"),
        ({"betas": Constant(0.5)},
         "two numbers, 0 <= beta < 1, got betas=Constant(value=0.5) at t=1"),
        ({"eps": Constant("x")}, "0 <= eps < inf, got eps=Constant(value='x') at t=1"),
        ({"eps": lambda t: 1 / (t - 1)}, None),
    ],
)  # fmt: skip
def test_a_first_value_out_of_range_is_refused_at_once(settings: Any, text: str | None) -> None:
    text = text or f"0 <= eps < inf, got eps={settings['eps']!r} at t=1"
    with refused(fg.OptionError, f"Adam: expected {text}; give a value in the range"):
        optim.Adam([leaf(1.0)], **settings)


def test_a_saved_schedule_out_of_range_is_refused() -> None:
    p = leaf(1.0)
    optimizer = optim.Adam([p])
    saved = optimizer.state_dict()
    saved["param_groups"][0]["lr"] = Constant(-1.0)
    with pytest.raises(fg.OptionError, match=r"load_state_dict: .*got lr=Constant.* at t=1"):
        optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["lr"] == 1e-3


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Cosine(1.0, steps=0), "Cosine: expected steps >= 1, got steps=0"),
        (lambda: Cosine(1.0, steps=-4), "Cosine: expected steps >= 1, got steps=-4"),
        (lambda: WarmUp(1.0, steps=0), "WarmUp: expected steps >= 1, got steps=0"),
        (lambda: Step(1.0, every=0), "Step: expected every >= 1, got every=0"),
    ],
)
def test_a_count_below_1_is_refused(make: Any, text: str) -> None:
    with refused(fg.OptionError, f"{text}; count steps from 1"):
        make()


@dataclass(frozen=True)
class Half(Schedule):
    """Without a formula."""


def test_a_schedule_needs_a_formula() -> None:
    text = "Half: expected a schedule with a formula, got none; define __call__(t)"
    with refused(fg.OptionError, text):
        optim.SGD([leaf(1.0)], lr=Half())
