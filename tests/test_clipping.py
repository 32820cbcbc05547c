"""Gradients within bounds: values, norms, what is replaced and what keeps its bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine.sparse import SparseRows
from tests.ops_sample import refused
from tests.optim_sample import leaf

DTYPES = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


def parts(*gradients: Any, dtype: Any = np.float64) -> list[fg.Tensor]:
    """Parameters with these gradients."""
    made = []
    for g in gradients:
        p = leaf(1.0, np.shape(g), dtype)
        p.grad = fg.Tensor(np.array(g, dtype))
        made.append(p)
    return made


@DTYPES
def test_values_are_cut_and_nan_stays(dtype: Any) -> None:
    (p,) = parts([0.5, -3.0, np.inf, -np.inf, np.nan, -0.0, 2.0], dtype=dtype)
    given = p.grad
    optim.clip_grad_value_(p, 2.0)
    got = p.grad.numpy()
    assert got.dtype == dtype and np.signbit(got[5]) and np.isnan(got[4])
    assert got[[0, 1, 2, 3, 5, 6]].tolist() == [0.5, -2, 2, -2, 0, 2]
    assert given.numpy()[1] == -3.0  # replaced, not written over
    optim.clip_grad_value_([p], 0.0)
    assert not np.nan_to_num(p.grad.numpy()).any()


@DTYPES
def test_the_norm_is_that_of_all_gradients_together(dtype: Any) -> None:
    made = parts([[3.0, 0.0], [4.0, 0.0]], 12.0, np.zeros(0), dtype=dtype)
    given = [p.grad for p in made]
    frozen = leaf(1.0)
    assert optim.clip_grad_norm_(iter([*made, frozen]), 6.5) == 13.0
    assert [p.grad.numpy().tolist() for p in made] == [[[1.5, 0], [2, 0]], 6.0, []]
    assert frozen.grad is None and [g.numpy().sum() for g in given] == [7, 12, 0]
    assert all(p.grad.dtype == dtype for p in made)


@pytest.mark.parametrize("bound", [13.0, 13.5, math.inf])
def test_gradients_within_the_bound_keep_their_bits(bound: float) -> None:
    made = parts([3.0, 4.0], 12.0)
    given = [p.grad for p in made]
    assert optim.clip_grad_norm_(made, bound) == 13.0
    assert all(p.grad is g for p, g in zip(made, given, strict=True))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_norm_that_is_no_number_leaves_all_as_they_are(bad: float) -> None:
    made = parts([3.0, 4.0], bad)
    given = [p.grad for p in made]
    assert not math.isfinite(optim.clip_grad_norm_(made, 1.0))
    assert all(p.grad is g for p, g in zip(made, given, strict=True))
    optimizer = optim.SGD(made, skip_non_finite=True)
    optimizer.step()
    assert optimizer.skipped == 1 and made[0].numpy().tolist() == [1, 1]


def test_no_gradients_have_no_norm() -> None:
    assert optim.clip_grad_norm_([leaf(1.0)], 1.0) == optim.clip_grad_norm_([], 1.0) == 0.0
    (p,) = parts([0.0, 0.0])
    assert optim.clip_grad_norm_(p, 0.0) == 0.0


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_a_norm_whose_square_is_out_of_range(size: float) -> None:
    (p,) = parts([3 * size, 4 * size])
    assert optim.clip_grad_norm_(p, size) == pytest.approx(5 * size, rel=1e-15)
    assert p.grad.numpy().tolist() == pytest.approx([0.6 * size, 0.8 * size], rel=1e-15)


def test_to_norm_0_is_to_0() -> None:
    (p,) = parts([3.0, -4.0])
    assert optim.clip_grad_norm_(p, 0.0) == 5.0 and not p.grad.numpy().any()


def test_rows_are_clipped_as_their_dense_gradient() -> None:
    p, q, dense = leaf(1.0, (5, 2)), leaf(1.0), leaf(1.0, (5, 2))
    rows = SparseRows([3, 1, 3], [[1.0, 0.0], [0.0, 12.0], [2.0, 4.0]], (5, 2))
    p.grad, q.grad, dense.grad = rows, fg.Tensor([84.0]), rows.dense()
    assert optim.clip_grad_norm_([p, q], 8.5) == 85.0  # 3, 4, 12 and 84
    assert isinstance(p.grad, SparseRows) and p.grad.indices.tolist() == [1, 3]
    assert p.grad.data.tolist() == pytest.approx(np.array([[0, 1.2], [0.3, 0.4]]))
    assert p.grad.shape == (5, 2) and rows.data[1].tolist() == [3, 4]
    p.grad = rows
    optim.clip_grad_value_([p, dense], 2.5)
    assert np.array_equal(p.grad.dense(), dense.grad)


def test_the_norm_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    drawn = [rng.standard_normal(s) for s in ((3, 4), (5,), ())]
    mine, theirs = parts(*drawn), [torch.zeros(d.shape, dtype=torch.float64) for d in drawn]
    for p, d in zip(theirs, drawn, strict=True):
        p.grad = torch.tensor(d)
    norm = optim.clip_grad_norm_(mine, 0.5)
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, 0.5)), rel=1e-14)
    for p, q in zip(mine, theirs, strict=True):  # PyTorch divides by norm + 1e-6
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize("bound", [-1.0, math.nan, "1", None, -math.inf], ids=repr)
def test_what_is_no_bound_is_refused(bound: Any) -> None:
    (p,) = parts([3.0])
    for clip, name in (
        (optim.clip_grad_norm_, "max_norm"),
        (optim.clip_grad_value_, "clip_value"),
    ):
        text = f"{clip.__name__}: expected {name} >= 0, got {name}={bound!r}; give a positive"
        with refused(fg.OptionError, f"{text} bound"):
            clip(p, bound)
    assert p.grad.numpy().tolist() == [3.0]
