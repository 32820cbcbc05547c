"""A wrong gradient anywhere in a function is traced to the op that made it, by name."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import OPS, ROWS
from fusegrad.engine.blame import culprit
from fusegrad.engine.ops.elementwise import multiply
from fusegrad.engine.row import SlopeVjp
from tests.cases import OPERATIONS
from tests.test_checker import PLANTED, SLOPED, checked, plant


@pytest.mark.parametrize(("name", "i"), SLOPED)
def test_a_slope_off_by_a_thousandth_is_blamed_by_name(
    name: str, i: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    f, args = checked(name)
    slope = ROWS[name].slopes[i]
    assert slope is not None and culprit(f, args) == ""

    @functools.wraps(slope)
    def off(*values: Any) -> Any:
        return PLANTED * slope(*values)

    plant(monkeypatch, ROWS[name].op, i, SlopeVjp("off", off))
    at = culprit(lambda *x: fg.tanh(f(*x)) if name != "tanh" else f(*x), args)
    assert at.startswith(f"argument {ROWS[name].op.inputs[i]} of {name} (")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_vjp_off_by_a_thousandth_is_blamed_by_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, op = OPERATIONS[name], OPS[name]
    shapes, params = known.uses[0]
    args = known.draw(shapes)
    for i, vjp in enumerate(op.vjps):
        if vjp is None:
            continue

        @functools.wraps(vjp)
        def off(*values: Any, vjp: Any = vjp) -> Any:
            return multiply(vjp(*values), PLANTED)

        with monkeypatch.context() as patch:
            plant(patch, op, i, off)
            at = culprit(lambda *x: fg.sin(known.call(*x, *params)), args)
        assert at.startswith(f"argument {op.inputs[i]} of {name} ("), at


def test_nobody_is_blamed_for_a_function_that_leaves_the_graph() -> None:
    assert culprit(lambda x: x * fg.Tensor(np.asarray(x.detach())), [np.ones(2)]) == ""
