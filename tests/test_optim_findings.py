"""Ways in which optimizers once went wrong without a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.optim.schedules import Cosine
from tests.optim_sample import leaf


@pytest.mark.parametrize("bad", [-1.0, float("nan"), None, "0.1", 10**400, True])
def test_a_setting_changed_between_steps_is_checked_before_anything_moves(bad: Any) -> None:
    p, q = leaf(1.0), leaf(1.0)
    optimizer = optim.Adam([{"params": [p]}, {"params": [q]}], lr=0.1)
    p.grad = q.grad = fg.Tensor([1.0])
    optimizer.step()
    before = optimizer.state_dict()
    optimizer.param_groups[1]["lr"] = bad
    with pytest.raises(fg.OptionError, match=r"Adam: expected 0 <= lr < inf, got lr="):
        optimizer.step()
    optimizer.param_groups[1]["lr"] = 0.1
    assert str(optimizer.state_dict()) == str(before)
    optimizer.step()
    assert np.array_equal(p, q)


def test_any_function_of_t_is_a_schedule() -> None:
    p = leaf(0.0)
    optimizer = optim.SGD([p], lr=lambda t: 1.0 / t)
    for _ in range(3):
        p.grad = fg.Tensor([-6.0])
        optimizer.step()
    assert float(p) == 6.0 + 3.0 + 2.0


@pytest.mark.parametrize(
    "make",
    [optim.Adam, optim.AdamW, optim.RMSProp, optim.Adagrad, optim.RAdam, optim.AdaBound],
)
def test_a_hypergradient_is_finite_where_a_weight_never_had_a_gradient(make: Any) -> None:
    rule = optim.Functional(make)

    def loss(lr: fg.Tensor) -> fg.Tensor:
        x = fg.Tensor([3.0, 1.0])
        state = rule.init(x)
        for _ in range(2):
            x, state = rule.update(x, x * fg.Tensor([2.0, 0.0]), state, lr=lr)
        return (x * x).sum()

    slope = fg.grad(loss)(0.01)
    difference = (
        float(loss(fg.Tensor(0.01 + 1e-6))) - float(loss(fg.Tensor(0.01 - 1e-6)))
    ) / 2e-6
    assert float(slope) == pytest.approx(difference, rel=1e-7)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_half_precision_is_clipped_by_its_true_norm(dtype: Any) -> None:
    p = leaf(0.0, (1_000_000,), dtype)
    p.grad = fg.Tensor(np.full(p.shape, 100.0, dtype))  # the norm is beyond float16
    assert optim.clip_grad_norm_([p], 1000.0) == pytest.approx(1e5)
    assert np.array_equal(p.grad, np.ones(p.shape, dtype))


def test_a_step_size_that_reaches_0_moves_no_dead_weight() -> None:
    p = leaf(1.0)
    optimizer = optim.AdaBound([p], lr=Cosine(0.01, 3))
    for _ in range(6):
        p.grad = fg.Tensor([0.0])
        optimizer.step()
    assert float(p) == 1.0


def test_vsgd_counts_decay_as_curvature() -> None:
    p = leaf(3.0)
    rng = np.random.default_rng(0)
    optimizer = optim.VSGD([p], rng=rng, slow_start=1, overestimate=1.0, weight_decay=20.0)
    for _ in range(3):
        optimizer.step(lambda: ((p - 1.0) ** 2).sum())
    assert float(p) == pytest.approx(2.0 / 22.0)  # Newton's point of (x - 1)^2 + 10 x^2


def test_a_key_of_ones_own_in_a_group_does_not_spoil_the_state() -> None:
    p = leaf(1.0)
    optimizer = optim.Adam([p])
    optimizer.param_groups[0]["initial_lr"] = 1.0
    optimizer.load_state_dict(optimizer.state_dict())
    assert optimizer.param_groups[0]["initial_lr"] == 1.0


def test_steps_left_out_are_not_averaged_and_late_parameters_begin_at_one() -> None:
    p, late = leaf(0.0), leaf(10.0)
    averaged = optim.Averaged(optim.SGD([p], lr=1.0, skip_non_finite=True), "polyak")
    for g in (-1.0, np.inf, -2.0):
        p.grad = fg.Tensor([g])
        averaged.step()
    assert float(averaged.average(p)) == 2.0 and averaged.optimizer.skipped == 1
    averaged.optimizer.add_param_group({"params": [late]})
    p.grad, late.grad = None, fg.Tensor([-10.0])
    averaged.step()
    assert float(averaged.average(late)) == 20.0


def test_repr_shows_the_settings_as_they_are() -> None:
    optimizer = optim.SGD([leaf(1.0)], lr=0.1)
    optimizer.param_groups[0]["lr"] = 0.5
    assert repr(optimizer) == "SGD(lr=0.5, t=0, parameters=1)"


def test_vsgd_counts_a_decay_that_follows_t() -> None:
    p = leaf(3.0)
    rng = np.random.default_rng(0)
    optimizer = optim.VSGD(
        [p], rng=rng, slow_start=1, overestimate=1.0, weight_decay=lambda t: 20.0 * (t > 1)
    )
    for _ in range(2):
        optimizer.step(lambda: ((p - 1.0) ** 2).sum())
        assert optimizer.curvature[p].tolist() == [
            2.0 + 20.0 * (optimizer.state[p]["step"] > 1)
        ]
