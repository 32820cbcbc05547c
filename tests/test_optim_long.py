"""Ten thousand float64 steps of every rule end within 1e-12 of the oracle, on eight streams."""

from __future__ import annotations

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels import Update
from tests.optim_sample import PAPERS, Case, leaf, relative
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


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_ten_thousand_steps_end_at_the_oracle(name: str) -> None:
    case = RULES[name]
    for got, stream in zip(end_of(case), gradients("float64", STEPS).T, strict=True):
        want = case.oracle(1, stream.tolist(), **case.letters)[-1].theta
        assert relative(got, want) <= LONG
