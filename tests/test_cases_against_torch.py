"""Beside PyTorch, case by case: every use of every op that says how PyTorch calls it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cases import CASES, OPERATIONS
from tests.ops_sample import error, leaf

torch = pytest.importorskip("torch", reason="PyTorch is not installed; nothing to compare with")

# Gradients of decompositions divide by gaps between values, of which cases have some of 0.1.
TOLERANCE = 1e-10
COMPARED = [case for case in CASES if callable(OPERATIONS[case[0]].torch)]


def pulled(y: Any, weights: Any, args: list[Any]) -> list[np.ndarray]:
    """The gradients of a sum against weights; zeros where none arrives."""
    (y * weights).sum().backward()
    return [np.zeros(a.shape) if a.grad is None else a.grad.numpy() for a in args]


@pytest.mark.parametrize(("op", "shapes", "params"), COMPARED, ids=str)
def test_value_and_gradients_agree(op: str, shapes: Any, params: Any) -> None:
    known, arrays = OPERATIONS[op], OPERATIONS[op].draw(shapes)
    assert callable(known.torch)
    mine = [leaf(a) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, z = known.call(*mine, *params), known.torch(torch, *theirs, *params)
    assert error(y, z.detach().numpy()) <= TOLERANCE
    weights = np.cos(np.arange(y.size)).reshape(y.shape)
    ours = pulled(y, weights, mine)
    for got, wanted in zip(ours, pulled(z, torch.tensor(weights), theirs), strict=True):
        assert error(got, wanted) <= TOLERANCE
