"""`fg.trace` of steps: whatever surrounds the rule, and whatever happens between steps."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine.sparse import SparseRows
from fusegrad.kernels.update import NUMBA_FROM
from fusegrad.microscope import trace
from fusegrad.optim.launch import Launch
from fusegrad.optim.schedules import Geometric, WarmUp
from tests import training_sample
from tests.test_explain import drawn
from tests.test_multimodal_trainer import loader as fused_loader
from tests.test_multimodal_trainer import trainer as fused_trainer
from tests.trace_sample import leaf, stepped, subtracts

STEPS = 4


# ---- whatever surrounds the rule ------------------------------------------------------------
AROUND: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "float16": (optim.Adam, {"lr": 1e-3}, np.float16),
    "float16 on the host": (optim.NAdam, {"lr": 1e-3}, np.float16),
    "finer states": (optim.Adam, {"state_dtype": np.float64}, np.float32),
    "coarser states": (optim.Adam, {"state_dtype": np.float32}, np.float64),
    "coupled decay": (optim.RMSProp, {"weight_decay": 0.05}, np.float64),
    "schedules": (
        optim.Adam,
        {"lr": WarmUp(0.1, steps=4), "betas": (Geometric(0.9, 0.9), 0.99)},
        np.float32,
    ),
    "decay by schedule": (optim.SGD, {"weight_decay": Geometric(0.5, 0.5)}, np.float64),
    "apart": (optim.Adam, {"skip_non_finite": True}, np.float64),
}


@pytest.mark.parametrize("size", [5, NUMBA_FROM], ids=["numpy", "numba"])
@pytest.mark.parametrize("name", AROUND)
def test_what_is_around_the_rule_is_recorded(name: str, size: int) -> None:
    make, settings, dtype = AROUND[name]
    p = fg.Tensor(drawn(size, 0, np.float32), dtype=dtype, requires_grad=True, name="w")
    optimizer = make([p], **settings)
    with trace() as seen:
        for t in range(STEPS):
            p.grad = fg.Tensor(
                np.clip(drawn(size, 1 + t, np.float32).numpy(), -9, 9), dtype=dtype
            )
            optimizer.step()
    assert seen.check() == (STEPS, STEPS)
    subtracts(seen, "w", 0)


def test_a_step_that_is_left_out_leaves_no_row_and_is_counted_once() -> None:
    p, q = leaf([1.0, 2.0], "w"), leaf([1.0], "b")
    optimizer = optim.SGD([p, q], lr=0.1, skip_non_finite=True)
    with trace() as seen:
        q.grad = fg.Tensor([1.0])
        stepped(optimizer, p, 1.0, np.nan, 2.0)
    assert seen.parameter("w").t == [1, 2] and seen.check() == (4, 4) and seen.skipped == 1


def test_a_step_that_raises_leaves_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    p = leaf([1.0, 2.0], "w")
    optimizer = optim.SGD([p], lr=0.1)

    def fail(launch: Any) -> Any:
        raise MemoryError

    with trace() as seen:
        stepped(optimizer, p, 1.0)
        with monkeypatch.context() as patch, pytest.raises(MemoryError):
            patch.setattr(Launch, "run", fail)
            optimizer.step()
        stepped(optimizer, p, 2.0)
    assert seen.check() == (2, 2) and seen.parameter("w").t == [1, 2]


def test_rules_and_settings_that_change_are_followed_on() -> None:
    """With weight decay from the third step on, by another rule; names tell them apart."""
    p = leaf(np.ones(100), "w")
    optimizer = optim.Adam([p], lr=0.1)
    with trace() as seen:
        stepped(optimizer, p, 1.0, 2.0)
        optimizer.param_groups[0]["weight_decay"] = 0.1
        stepped(optimizer, p, 1.0)
        optimizer.param_groups[0].update(weight_decay=0.0, lr=0.5)
        stepped(optimizer, p, 1.0)
    assert seen.check() == (4, 4)
    assert [(log.name, log.t) for log in seen.followed] == [
        ("w", [1, 2, 4]),
        ("w (adam_decayed)", [3]),
    ]
    assert seen.at("w", 0, t=4).scalars["alpha"] == 0.5
    assert seen.at("w (adam_decayed)", 0, t=3).scalars["lam"] == 0.1


def test_optimizers_that_share_or_split_parameters_are_all_followed() -> None:
    p, q = leaf(np.ones(100), "w"), leaf(np.ones(100), "b")
    first, second, third = optim.SGD([p], lr=0.1), optim.Adam([q]), optim.SGD([p], lr=0.2)
    with trace() as seen:
        for optimizer, x in ((first, p), (second, q), (third, p), (first, p)):
            stepped(optimizer, x, 1.0)
    assert [(log.name, log.t, len(log.flat)) for log in seen.followed] == [
        ("w", [1, 2], 64),
        ("b", [1], 64),
        ("w (sgd)", [1], 64),
    ]
    assert seen.check() == (4, 4)


def test_elements_are_spread_over_all_parameters_that_may_yet_move() -> None:
    late = [leaf(np.ones(50), f"w{k}") for k in range(4)]
    optimizer = optim.SGD(late, lr=0.1)
    with trace(elements=8) as seen:
        for p in late:
            stepped(optimizer, p, 1.0)
    assert [len(log.flat) for log in seen.followed] == [2] * 4
    assert seen.followed[0].indices == [(0,), (49,)]


def test_what_moves_between_steps_is_seen_as_it_is() -> None:
    p = leaf([1.0, 2.0], "w")
    optimizer = optim.Adam([p], lr=0.1)
    with trace() as seen:
        stepped(optimizer, p, 1.0)
        state = optimizer.state_dict()
        stepped(optimizer, p, 2.0)
        optimizer.load_state_dict(state)
        p.assign_([7.0, 8.0])
        stepped(optimizer, p, 3.0)
    assert seen.check() == (3, 3) and seen.parameter("w").t == [1, 2, 2]
    assert seen.parameter("w").before[2]["theta"].tolist() == [7.0, 8.0]


def test_whether_denormals_count_is_asked_at_every_step() -> None:
    """A small parameter alone goes to NumPy; beside a large one, to a kernel that flushes."""
    tiny = np.finfo(np.float64).smallest_normal
    small, large = leaf([1.5 * tiny] * 2, "small"), leaf(np.ones(NUMBA_FROM), "large")
    optimizer = optim.SGD([small, large], lr=1.0)
    with trace(follow={"small": [0]}) as seen:
        small.grad = fg.Tensor([tiny / 4] * 2)
        optimizer.step()
        small.grad, large.grad = fg.Tensor([tiny] * 2), fg.Tensor(np.ones(NUMBA_FROM))
        optimizer.step()
    log = seen.parameter("small")
    assert seen.check() == (2, 2) and not log.flushed[0]
    assert log.after[0]["theta"][0] == 1.25 * tiny
    assert (log.after[1]["theta"][0] == 0) == log.flushed[1]


def test_a_dtype_that_changes_begins_another_record() -> None:
    p = leaf([1.0, 2.0], "w")
    optimizer = optim.SGD([p], lr=0.1)
    with trace() as seen:
        stepped(optimizer, p, 1.0)
        p.grad = None
        fg.nn.moving.move([p], (np.float32,))
        stepped(optimizer, p, 1.0)
    assert seen.check() == (2, 2)
    assert [log.before[0]["theta"].dtype for log in seen.followed] == ["float64", "float32"]


def test_numbers_and_empty_parameters_step_too() -> None:
    p, q, r = leaf(2.0, "w"), leaf(np.zeros((0, 3)), "none"), leaf([[1.0, 2.0]], "row")
    optimizer = optim.Adam([p, q, r])
    with trace() as seen:
        (p * r.sum() + q.sum()).backward()
        optimizer.step()
    assert seen.parameter("w").indices == [()] and seen.at("w", t=1).t == 1
    assert seen.table("w")["t"].tolist() == [1] and seen.check() == (2, 2)
    assert seen.parameter("row").indices == [(0, 0), (0, 1)]


def test_sparse_gradients_pass_and_are_counted() -> None:
    p = leaf(np.ones((10, 2)), "w")
    optimizer = optim.LazyAdam([p])
    with trace() as seen:
        p.grad = SparseRows([1, 3], np.ones((2, 2)), (10, 2))
        optimizer.step()
        stepped(optimizer, p, 1.0)
    assert seen.check() == (1, 1) and seen._steps.rows_left_out == 1


@pytest.mark.usefixtures("memory_of_its_size")
def test_a_step_through_a_large_parameter_costs_what_is_followed() -> None:
    p = leaf(np.ones((1000, 1000), np.float32), "w")
    optimizer = optim.Adam([p])
    stepped(optimizer, p, 1.0)
    with trace(follow={"w": [(0, 0), (-1, -1), (500, 3)]}) as seen:
        tracemalloc.start()
        optimizer.step()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < p.data.nbytes / 4 and seen.check() == (1, 1)
    assert seen.parameter("w").indices == [(0, 0), (999, 999), (500, 3)]


def test_trainers_are_recorded() -> None:
    made = training_sample.trainer()
    with trace(graphs=2) as seen:
        made.fit(training_sample.loader(), epochs=2)
    assert seen.check()[0] == seen.check()[1] == 4 * 6 and len(seen.passes) == 2
    names = {name for name, _ in made.model.named_parameters()}
    assert {log.name for log in seen.followed} == names
    fused = fused_trainer()
    with trace() as seen:
        fused.fit(fused_loader(), epochs=2)
    assert seen.check()[0] == seen.check()[1] > 0
    moved = [p for p in fused.model.parameters() if p in fused.optimizer.state]
    assert len({log.name for log in seen.followed}) == len(moved)
