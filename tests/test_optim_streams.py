"""Every step of every rule within 4 ulps of 50 digits, on eight streams, by every reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fusegrad.optim.launch import scalars_at
from fusegrad.optim.memory import new_state
from tests.bounds_sample import MP
from tests.optim_sample import CASES, Case, leaf
from tests.streams_sample import (
    EVERY,
    LIMITS,
    MORE,
    STREAMS,
    exact_step,
    gradients,
    limit_of,
    worst,
)

# The exact step has 50 digits; a hundred steps that lose up to ten of them to differences.
TIE = MP.mpf(10) ** -40
TIED_STEPS = 200


def test_streams_are_what_they_are_called() -> None:
    for dtype in LIMITS:
        columns = dict(zip(STREAMS, gradients(dtype, 80).T, strict=True))
        assert abs(columns["tiny"]).max() < 1e-7 and (columns["zero_runs"][19:39] == 0).all()
        assert (np.diff(np.sign(columns["sign_flips"])) != 0).all()
        assert np.isfinite(columns["huge"] ** 2).all() and abs(columns["huge"]).max() > 1e15
        assert (columns["sparse"] != 0).sum() == 4 and (np.diff(columns["growing"]) > 0).all()
        assert np.ptp(columns["constant"]) == 0 and columns["noise"].std() > 0.5
        assert gradients(dtype, 80).dtype == dtype


@pytest.mark.parametrize("name", EVERY)
def test_each_step_is_within_four_ulp(name: str) -> None:
    limit = limit_of(name, "float64")
    found = worst(EVERY[name], EVERY[name].settings, "float64", limit)
    assert {k: v for k, v in found.items() if v > limit} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_each_step_is_within_four_ulp_at_default_settings(name: str) -> None:
    found = worst(CASES[name], {}, "float64", LIMITS["float64"])
    assert {k: v for k, v in found.items() if v > LIMITS["float64"]} == {}


@pytest.mark.parametrize("name", MORE)
def test_a_wider_limit_is_for_the_parameter_alone(name: str) -> None:
    found = worst(EVERY[name], EVERY[name].settings, "float64", LIMITS["float64"])
    assert all(v <= LIMITS["float64"] for (_, n), v in found.items() if n != "theta")


# ---- the exact step is the oracle's ----------------------------------------------------------
def exact_path(case: Case, stream: np.ndarray) -> Iterator[dict[str, Any]]:
    """The rule from its start in exact numbers, which no float touches on the way. A constant
    is the decimal that the paper prints, as in the oracles."""
    optimizer = case.make([leaf(0.0)], **case.settings)
    program, (group,) = optimizer.update.program, optimizer.param_groups
    state = new_state(optimizer, group["params"][0], group)
    values = {n: float(np.ravel(x)[0]) for n, x in state.items()} | {"theta": 3}
    for t, g in enumerate(stream, 1):
        host = {n: values[n] for n in optimizer.host_names}
        given = {**values, "g": float(g), **scalars_at(optimizer, group, t, host)}
        values |= exact_step(program, given, constant=lambda c: MP.mpf(repr(c)))
        yield values


@pytest.mark.parametrize("name", CASES)
def test_exact_steps_are_the_oracles(name: str) -> None:
    case = CASES[name]
    for stream in gradients("float64", TIED_STEPS).T:
        steps = case.oracle(3, stream.tolist(), **case.letters)
        for got, want in zip(exact_path(case, stream), steps, strict=True):
            for n, x in {"theta": want.theta, **want.state}.items():
                assert abs(got[n] - x) <= TIE * abs(x)
