"""Precision, dtypes and shapes: what is kept of a parameter, and what a bad step leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from tests.optim_sample import CASES, leaf

Spoil = Callable[[fg.Tensor], None]


def given(p: fg.Tensor, seed: int) -> None:
    """A gradient of a parameter, by number."""
    p.grad = fg.Tensor(np.random.default_rng(seed).standard_normal(p.shape), dtype=p.dtype)


def stepped(optimizer: Any, *seeds: int) -> None:
    """Steps with gradients by number, the same for all parameters of a shape."""
    for seed in seeds:
        for group in optimizer.param_groups:
            for p in group["params"]:
                given(p, seed)
        optimizer.step()


def flat(optimizer: Any) -> list[Any]:
    """Everything that an optimizer holds, parameters included, as bytes and numbers."""
    parameters = [p for g in optimizer.param_groups for p in g["params"]]
    saved = optimizer.state_dict()["state"].values()
    held = [x.tobytes() if hasattr(x, "dtype") else x for s in saved for x in s.values()]
    return [*(p.numpy().tobytes() for p in parameters), *held]


# ---- precision ------------------------------------------------------------------------------
@pytest.mark.parametrize("name", CASES)
def test_half_precision_is_single_precision_rounded(name: str) -> None:
    case, first = CASES[name], np.linspace(-1, 2, 7).astype(np.float16)
    half, single = (fg.Tensor(first, dtype=d, requires_grad=True) for d in ("f2", "f4"))
    optimizers = [case.make([p], **case.settings) for p in (half, single)]
    for seed in range(5):
        given(half, seed)
        single.grad = half.grad.astype(np.float32)
        for optimizer in optimizers:
            optimizer.step()
    states = [optimizer.state[p] for optimizer, p in zip(optimizers, (half, single))]
    assert half.dtype == np.float16 and np.array_equal(half, single.numpy().astype(np.float16))
    assert np.array_equal(states[0].pop("theta"), single)
    for word, value in states[1].items():
        assert np.array_equal(states[0][word], value)
        assert not hasattr(value, "dtype") or states[0][word].dtype == np.float32


@pytest.mark.parametrize("name", CASES)
def test_double_states_for_single_parameters(name: str) -> None:
    case, first = CASES[name], np.linspace(-1, 2, 7).astype(np.float32)
    single, double = (fg.Tensor(first, dtype=d, requires_grad=True) for d in ("f4", "f8"))
    mine = case.make([single], **case.settings, state_dtype=np.float64)
    other = case.make([double], **case.settings)
    for seed in range(5):
        given(single, seed)
        double.grad = single.grad.astype(np.float64)
        mine.step()
        other.step()
    assert single.dtype == np.float32 and np.array_equal(single, double.numpy().astype("f4"))
    assert np.array_equal(mine.state[single]["theta"], double)


def test_steps_too_small_to_show_add_up() -> None:
    half = np.finfo(np.float16).eps / 2  # what 1 in half precision does not feel
    p = leaf(1.0, (2,), np.float16)
    optimizer = optim.SGD([p], lr=1.0)
    for count in range(1, 9):
        p.grad = fg.Tensor(np.full(2, -half / 4), dtype=np.float16)
        optimizer.step()
        assert optimizer.state[p]["theta"].tolist() == [1 + count * half / 4] * 2
    assert p.numpy().tolist() == [1 + 2 * half] * 2


def by_load(p: fg.Tensor) -> None:
    network = nn.Module()
    network.w = p  # type: ignore[attr-defined]
    network.load_state_dict({"w": np.full(p.shape, 3.0, p.dtype)})


@pytest.mark.parametrize("assign", [lambda p: p.assign_(np.full(p.shape, 3.0)), by_load])
def test_the_finer_copy_follows_what_others_set(assign: Spoil) -> None:
    p = nn.Parameter(np.ones(2, np.float16))
    optimizer = optim.SGD([p], lr=0.5)
    stepped(optimizer, 0)
    assign(p)
    p.grad = fg.Tensor(np.ones(2, np.float16))
    optimizer.step()
    assert p.numpy().tolist() == optimizer.state[p]["theta"].tolist() == [2.5, 2.5]


def test_the_finer_copy_of_an_element_set_alone() -> None:
    p = leaf(1.0, (2,), np.float16)
    optimizer = optim.SGD([p], lr=1e-4)
    p.grad = fg.Tensor(np.ones(2, np.float16))
    optimizer.step()  # shows in neither
    p.assign_(np.array([1.0, 3.0]))
    optimizer.step()
    tiny = np.float32(1e-4)
    assert optimizer.state[p]["theta"].tolist() == [1 - tiny - tiny, 3 - tiny]


# ---- steps that are left out ----------------------------------------------------------------
BAD: dict[str, Spoil] = {
    "nan": lambda p: setattr(p, "grad", fg.Tensor(np.full(p.shape, np.nan), dtype=p.dtype)),
    "inf": lambda p: setattr(p, "grad", fg.Tensor(np.full(p.shape, -np.inf), dtype=p.dtype)),
    "too large to square": lambda p: setattr(p, "grad", fg.Tensor(
        np.full(p.shape, np.finfo(p.dtype).max))),
}  # fmt: skip


def grouped(case: Any, dtype: Any = np.float64) -> tuple[Any, list[fg.Tensor]]:
    parts = [leaf(1.0, shape, dtype) for shape in ((3,), (2, 2), ())]
    groups = [{"params": parts[:1]}, {"params": parts[1:], "lr": 0.02}]
    return case.make(groups, **case.settings, skip_non_finite=True), parts


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spoil", ["nan", "inf"])
@pytest.mark.parametrize("name", CASES)
def test_a_step_that_is_no_number_is_as_if_it_had_not_been(
    name: str, spoil: str, dtype: Any
) -> None:
    (mine, parts), (other, _) = grouped(CASES[name], dtype), grouped(CASES[name], dtype)
    for seed in range(3):
        for p in parts:
            given(p, 9)
        BAD[spoil](parts[seed])
        before, versions = flat(mine), [p.version for p in parts]
        mine.step()
        assert seed == 0 or flat(mine) == before
        assert [p.version for p in parts] == versions and mine.skipped == seed + 1
        stepped(mine, seed)
        stepped(other, seed)
        assert flat(mine) == flat(other)
    saved = mine.state_dict()
    again, _ = grouped(CASES[name], dtype)
    again.load_state_dict(saved)
    assert again.skipped == saved["skipped"] == 3 and repr(mine).endswith("skipped=3)")


def test_what_overflows_on_the_way_is_left_out() -> None:
    p = leaf(1.0, (2,))
    optimizer = optim.Adam([p], skip_non_finite=True)
    BAD["too large to square"](p)
    optimizer.step()
    assert optimizer.skipped == 1 and p.numpy().tolist() == [1, 1]
    assert optimizer.state[p]["step"] == 0 and not optimizer.state[p]["v"].any()


def test_a_half_that_its_finer_copy_outgrows_is_left_out() -> None:
    p = leaf(6e4, (2,), np.float16)
    optimizer = optim.SGD([p], lr=1.0, skip_non_finite=True)
    p.grad = fg.Tensor(np.array([0.0, -6e4], np.float16))
    optimizer.step()
    assert optimizer.skipped == 1 and p.numpy().tolist() == [6e4 // 32 * 32, 6e4 // 32 * 32]


def test_a_gradient_that_no_step_reads_is_not_looked_at() -> None:
    p, frozen = leaf(1.0), leaf(1.0)
    optimizer = optim.SGD([p, frozen], lr=0.5, skip_non_finite=True)
    p.grad, frozen.grad = fg.Tensor([1.0]), fg.Tensor([np.nan])
    frozen.requires_grad_(False)
    optimizer.step()
    assert optimizer.skipped == 0 and (float(p), float(frozen)) == (0.5, 1.0)


def test_without_the_option_nan_arrives() -> None:
    p = leaf(1.0)
    optimizer = optim.SGD([p], lr=0.5)
    p.grad = fg.Tensor([np.nan])
    optimizer.step()
    assert np.isnan(float(p)) and optimizer.skipped == 0
