"""Ten thousand float64 steps of every rule end within 1e-12 of the oracle, on eight streams."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels import Update
from tests.optim_sample import PAPERS, Case, leaf, relative
from tests.oracles.papers import MP
from tests.streams_sample import STREAMS, gradients

STEPS = 10_000
# Relative to where theta ends, however far it was on the way. Each step rounds theta by half an
# ulp, 1.1e-16 of it: 1.1e-12 if all went one way.
LONG = 1e-12


def rules() -> dict[str, Case]:
    """A case for each rule: two optimizers of one rule take the same steps."""
    first: dict[str, Case] = {}
    for case in PAPERS.values():
        name = case.make([leaf(0.0)], **case.settings).update.name
        first.setdefault(name, case)
    return first


RULES = rules()


def end_of(case: Case) -> np.ndarray:
    """The parameter after all steps, an element a stream."""
    p = leaf(1.0, (len(STREAMS),))
    optimizer = case.make([p], **case.settings)
    optimizer.update = Update(optimizer.update.rule, reader="numpy")
    for g in gradients("float64", STEPS):
        p.grad = fg.Tensor(g)
        optimizer.step()
    return p.numpy()


def exact_end(name: str) -> list[str]:
    """The same in 60 digits; a computation of minutes, which two processes share."""
    case, streams = RULES[name], gradients("float64", STEPS).T
    ends = [case.oracle(1, g.tolist(), **case.letters)[-1].theta for g in streams]
    return [MP.nstr(theta, MP.dps) for theta in ends]  # whose numbers stay in their process


@pytest.fixture(scope="module")
def exact() -> Iterator[dict[str, Any]]:
    """Where every rule ends, by name, as it becomes known."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield {name: pool.submit(exact_end, name) for name in RULES}


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_ten_thousand_steps_end_at_the_oracle(name: str, exact: Any) -> None:
    for got, want in zip(end_of(RULES[name]), exact[name].result(), strict=True):
        assert relative(got, MP.mpf(want)) <= LONG
