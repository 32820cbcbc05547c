"""Every step of every rule in float32 within 8 ulps of 50 digits, on eight streams.

AdaMax needs no 16: beta2 reaches the kernel as float64 and is rounded once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.optim_sample import CASES, PAPERS, Case, leaf
from tests.streams_sample import (
    EVERY,
    LIMITS,
    STREAMS,
    gradients,
    limit_of,
    of_kernel,
    ulp,
    walk,
    worst,
)

# Steps from zero state over which the error of the states counts as well. States lose about
# half an ulp a step to the rounding of beta, while older errors fade no faster than the states.
PATH = 12


@pytest.mark.parametrize("name", EVERY)
def test_each_step_is_within_eight_ulp(name: str) -> None:
    limit = limit_of(name, "float32")
    found = worst(EVERY[name], EVERY[name].settings, "float32", limit)
    assert {k: v for k, v in found.items() if v > limit} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_each_step_is_within_eight_ulp_at_default_settings(name: str) -> None:
    found = worst(CASES[name], {}, "float32", LIMITS["float32"])
    assert {k: v for k, v in found.items() if v > LIMITS["float32"]} == {}


def steps_of(case: Case, stream: np.ndarray) -> list[Any]:
    """Exact steps of the oracle's own path, from zero state."""
    thetas = [s.theta for s in case.oracle(0, stream.tolist(), **case.letters)]
    return [b - a for a, b in zip([0, *thetas], thetas)]


@pytest.mark.parametrize("name", PAPERS)
def test_steps_of_a_path_are_within_eight_ulp_of_the_oracle(name: str) -> None:
    off = {"weight_decay": 0.0} if "weight_decay" in PAPERS[name].settings else {}
    case = replace(PAPERS[name], settings={**PAPERS[name].settings, **off})  # theta is reset
    optimizer = case.make([leaf(0.0, (len(STREAMS),), np.float32)], **case.settings)
    step, streams = of_kernel(optimizer, "numpy"), gradients("float32", PATH)
    path = [(held.arrays["theta"], step(held)) for held in walk(optimizer, range(1, PATH + 1))]
    for i, stream in enumerate(streams.T):
        exact = zip(steps_of(case, stream), steps_of(case, abs(stream)), strict=True)
        for (before, after), (want, size) in zip(path, exact, strict=True):
            theta = float(after["theta"][i])
            unit = ulp(max(abs(theta), abs(want), abs(size)), "float32")
            assert abs(theta - float(before[i]) - want) <= LIMITS["float32"] * unit
