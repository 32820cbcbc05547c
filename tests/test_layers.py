"""Every row of the table of layers, by itself: derivatives, dtypes, states, modes, repr."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import Tensor
from tests.layer_cases import CASES, REFUSALS, Case, as_function, is_float, outputs
from tests.ops_sample import refused

MODES = [(case, mode) for case in CASES for mode in case.modes]


def as_tensors(given: tuple[Any, ...], dtype: Any) -> list[Any]:
    return [Tensor(x, requires_grad=True, dtype=dtype) if is_float(x) else x for x in given]


@pytest.mark.parametrize(("case", "mode"), MODES, ids=str)
def test_first_and_second_derivatives_hold_against_differences(case: Case, mode: str) -> None:
    function, arrays = as_function(case, mode)
    if case.order and any(a.size for a in arrays) and function(*map(Tensor, arrays)).size:
        fg.gradcheck(function, *arrays, order=case.order, mode="random")


@pytest.mark.parametrize(("case", "mode"), MODES, ids=str)
def test_float32_stays_float32(case: Case, mode: str) -> None:
    layer = case.layer(mode, np.float32)
    given = as_tensors(case.draw(), np.float32)
    found = outputs(case.call(layer, *given))
    assert found and all(y.dtype == np.float32 for y in found)
    sum((y.sum() for y in found), Tensor(np.float32(0))).backward()
    for x in [*layer.parameters(), *(x for x in given if isinstance(x, Tensor))]:
        assert x.grad is None or (x.grad.dtype == np.float32 and x.grad.shape == x.shape)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_state_is_the_whole_of_a_layer(case: Case) -> None:
    """Another layer of the same make, given the state, computes the same bits."""
    layer = case.layer("eval")
    other = case.build(nn, rng=np.random.default_rng(1)).to(np.float64).eval()
    other.load_state_dict(layer.state_dict())
    ours, theirs = (outputs(case.call(x, *case.draw())) for x in (layer, other))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_layer_shows_itself_and_counts_its_parameters(case: Case) -> None:
    layer = case.layer()
    assert repr(layer).startswith(type(layer).__name__ + "(")
    assert layer.count_parameters() == sum(p.size for p in layer.parameters())
    assert (type(layer).__doc__ or "").strip()


@pytest.mark.parametrize(("call", "error", "text"), REFUSALS)
def test_wrong_use_says_what_where_and_the_repair(call: Any, error: Any, text: str) -> None:
    with refused(error, text):
        call()


def passed(wrong: Any) -> set[tuple[str, int]]:
    """The lines that the error of a refused call passed through."""
    with pytest.raises(fg.FusegradError) as caught:
        wrong()
    return {(str(entry.path), entry.lineno + 1) for entry in caught.traceback}


def test_every_raise_of_nn_is_refused_here() -> None:
    raises = {
        (str(path), node.lineno)
        for path in Path(nn.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and node.exc  # a bare raise passes on what came
    }
    seen = set().union(*(passed(wrong) for wrong, _, _ in REFUSALS))
    assert raises and not raises - seen
