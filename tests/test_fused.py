"""Gradients with two readings, one kernel on arrays and ops on Tensors, against each other;
NumPy's formulas too, against compiled loops.

An op with a `Fused` vjp is tested by having a case in `cases/`. How loops over rows compute
stands in `test_row_loops.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import OPS
from fusegrad.engine.backward import backpropagate
from fusegrad.engine.fused import FUSED, Fused
from tests.cases import OPERATIONS
from tests.fused_sample import assert_close, begin_loops_at_one, gradients

FUSED_OPS = [op.name for op in OPS.values() if any(isinstance(v, Fused) for v in op.vjps)]
USES = [(op, *use) for op in FUSED_OPS for use in OPERATIONS[op].uses]
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled loops begin at one element."""
    begin_loops_at_one(monkeypatch)


# ---- every vjp with a kernel ----------------------------------------------------------------
def test_every_fused_vjp_has_an_op_with_a_case() -> None:
    of_ops = {v.kernel.name for op in OPS.values() for v in op.vjps if isinstance(v, Fused)}
    assert of_ops == FUSED.keys() and set(FUSED_OPS) <= OPERATIONS.keys()


@every_dtype
@pytest.mark.parametrize(("op", "shapes", "params"), USES, ids=str)
def test_a_kernel_and_ops_give_one_gradient(
    op: str, shapes: Any, params: Any, dtype: Any
) -> None:
    arrays = OPERATIONS[op].draw(shapes)
    call = lambda *x: OPERATIONS[op].call(*x, *params)  # noqa: E731
    kernels, ops = (gradients(call, arrays, dtype, by_ops) for by_ops in (False, True))
    assert_close(kernels, ops, dtype)


@every_dtype
@pytest.mark.parametrize(("op", "shapes", "params"), USES, ids=str)
def test_loops_and_ops_give_one_gradient(
    op: str, shapes: Any, params: Any, dtype: Any, loops: None
) -> None:
    test_a_kernel_and_ops_give_one_gradient(op, shapes, params, dtype)


def test_a_gradient_written_to_between_two_walks_is_read_anew() -> None:
    x = fg.Tensor(np.random.default_rng(0).standard_normal((300, 300)), requires_grad=True)
    layer = nn.LayerNorm(300).to(np.float64)
    y, g = layer(x), np.ones((300, 300))
    backpropagate([y.node], [g], inputs=[x], retain_graph=True)
    g *= 2.0
    found = backpropagate([y.node], [g], inputs=[layer.bias], retain_graph=True)
    assert np.array_equal(found[layer.bias], np.full(300, 600.0))
