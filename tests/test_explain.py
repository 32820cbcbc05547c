"""A step as a record: every number is the kernel's, bit for bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine.sparse import SparseRows
from fusegrad.kernels.update import NUMBA_FROM
from fusegrad.optim.schedules import Geometric, WarmUp
from tests.ops_sample import refused
from tests.optim_sample import CASES, leaf

FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64])
STEPS = 6


def drawn(shape: Any, seed: int, dtype: Any = np.float64) -> fg.Tensor:
    """Numbers of every size that the dtype has, denormals and zeros among them."""
    rng, info = np.random.default_rng(seed), np.finfo(dtype)
    powers = rng.integers(info.minexp - 8, 12, shape)
    values = np.ldexp(rng.uniform(-2, 2, shape), powers)
    values = np.where(rng.random(shape) < 0.5, rng.standard_normal(shape), values)
    return fg.Tensor(np.where(rng.random(shape) < 0.1, 0.0, values), dtype=dtype)


def same(a: Any, b: Any) -> bool:
    """Bit for bit, but for the sign of 0 and the payload of nan."""
    return a == b or (math.isnan(a) and math.isnan(b))


def check(optimizer: Any, p: fg.Tensor, index: Any) -> optim.Explanation:
    """Explain the step of one element, take it, and hold both against each other."""
    told, handed = optimizer.explain(p, index), []
    with fg.observe(lambda kernel, args, params, _: handed.append((kernel.name, params))):
        optimizer.step()
    assert (told.rule, told.scalars) in handed
    state = optimizer.state[p]
    fine = state.get("theta", p.data)
    kind = fine.dtype.type
    assert kind(told.theta_after) == told.theta_after == fine[index]
    assert kind(told.theta) - kind(told.step) == told.theta_after
    assert told.t == state["step"]
    assert told.after.keys() == {*optimizer.state_names, *optimizer.host_names}
    for name in optimizer.state_names:
        assert same(told.after[name], state[name][index]), name
    for name in optimizer.host_names:
        assert told.after[name] == state[name]
    return told


@FLOATS
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [5, NUMBA_FROM], ids=["numpy", "numba"])
def test_it_tells_the_step_bit_for_bit(name: str, size: int, dtype: Any) -> None:
    case = CASES[name]
    p = fg.Tensor(drawn(size, 0, dtype), requires_grad=True)
    optimizer = case.make([p], **case.settings)
    for t in range(STEPS):
        p.grad = drawn(size, 1 + t, dtype)
        for index in range(3):
            before = optimizer.state_dict()
            optimizer.explain(p, index)
            assert str(optimizer.state_dict()) == str(before)  # looking is no step
        check(optimizer, p, t % 5)


@FLOATS
@pytest.mark.parametrize("name", CASES)
def test_every_element_of_a_large_array(name: str, dtype: Any) -> None:
    """Numba's kernel flushes denormals to zero, and so must the record."""
    case = CASES[name]
    p = fg.Tensor(drawn(NUMBA_FROM, 10, dtype), requires_grad=True)
    optimizer = case.make([p], **case.settings)
    p.grad = drawn(NUMBA_FROM, 11, dtype)
    optimizer.step()
    p.grad = drawn(NUMBA_FROM, 12, dtype)
    told = [optimizer.explain(p, k) for k in range(64)]
    optimizer.step()
    for k, record in enumerate(told):
        assert record.theta_after == p.numpy()[k]
        for state in optimizer.state_names:
            assert same(record.after[state], optimizer.state[p][state][k]), (k, state)


def test_a_denormal_gradient_is_0_to_numbas_kernel() -> None:
    """And what is left of theta below the normal numbers is 0 there as well."""
    tiny = np.finfo(np.float64).smallest_normal
    for size, step, after in ((8, tiny / 2, tiny / 2), (NUMBA_FROM, 0.0, tiny)):
        p = leaf(tiny, (size,))
        p.grad = fg.Tensor(np.full(size, tiny / 2))
        told = check(optim.SGD([p], lr=1.0), p, 0)
        assert (told.g, told.step, told.theta_after) == (tiny / 2, step, after)
    p = leaf(1.5 * tiny, (NUMBA_FROM,))
    p.grad = fg.Tensor(np.full(NUMBA_FROM, tiny))
    told = check(optim.SGD([p], lr=1.0), p, 0)
    assert told.theta_after == 0 and told.step == told.theta


def test_an_eps_below_the_normal_numbers_is_0_to_numbas_kernel() -> None:
    for size, moves in ((8, True), (NUMBA_FROM, False)):
        p = leaf(0.0, (size,), np.float32)
        p.grad = fg.Tensor(np.full(size, 1e-30, np.float32))  # its square is 0
        told = check(optim.Adagrad([p], lr=1.0, eps=1e-40), p, 0)
        assert (told.step != 0) == (told.denominator != 0) == moves


# ---- whatever surrounds the rule ------------------------------------------------------------
AROUND: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "float16": (optim.Adam, {"lr": 1e-4}, np.float16),
    "float16 on the host": (optim.NAdam, {"lr": 1e-4}, np.float16),
    "finer states": (optim.Adam, {"lr": 1e-3, "state_dtype": np.float64}, np.float32),
    "coarser states": (optim.Adam, {"lr": 1e-3, "state_dtype": np.float32}, np.float64),
    "coupled decay": (optim.Adam, {"weight_decay": 0.05}, np.float64),
    "decay and float16": (optim.RMSProp, {"weight_decay": 0.05}, np.float16),
    "decoupled decay": (optim.AdamW, {"weight_decay": 0.05}, np.float32),
    "schedules": (
        optim.Adam,
        {"lr": WarmUp(0.1, steps=4), "betas": (Geometric(0.9, 0.9), 0.99)},
        np.float64,
    ),
    "decay by schedule": (optim.SGD, {"weight_decay": Geometric(0.5, 0.5)}, np.float64),
    "apart": (optim.Adam, {"skip_non_finite": True}, np.float64),
}


@pytest.mark.parametrize("size", [5, NUMBA_FROM], ids=["numpy", "numba"])
@pytest.mark.parametrize("name", AROUND)
def test_it_tells_what_is_around_the_rule(name: str, size: int) -> None:
    make, settings, dtype = AROUND[name]
    p = fg.Tensor(drawn(size, 0, np.float32), dtype=dtype, requires_grad=True)
    optimizer = make([p], **settings)
    for t in range(STEPS):
        p.grad = fg.Tensor(np.clip(drawn(size, 1 + t, np.float32).numpy(), -9, 9), dtype=dtype)
        check(optimizer, p, t % 5)


@pytest.mark.parametrize("extra", [{}, {"skip_non_finite": True}], ids=str)
@pytest.mark.parametrize("make", [optim.SGD, optim.Adagrad, optim.LazyAdam])
def test_it_tells_the_step_of_a_row(make: Any, extra: Any) -> None:
    p = fg.Tensor(drawn((100, 3), 0), requires_grad=True)
    optimizer = make([p], lr=0.1, **extra)
    for t in range(3):
        values = drawn((3, 3), t + 1)
        p.grad = SparseRows([50, 7, 50], values, p.shape)
        told = check(optimizer, p, (50, 2))
        assert told.g == values.numpy()[0, 2] + values.numpy()[2, 2]
    with refused(
        fg.OptionError,
        "explain: expected an index of one element that moves, got (8, 0), which picks 0; "
        "write (row, column)",
    ):
        optimizer.explain(p, (8, 0))


def test_a_group_is_explained_by_its_own_settings_and_reader() -> None:
    small, large = leaf(1.0, (3,)), leaf(1.0, (NUMBA_FROM,))
    groups = [{"params": [small], "lr": 0.5}, {"params": [large], "weight_decay": 0.1}]
    optimizer = optim.Adam(groups)
    small.grad, large.grad = drawn(3, 1), drawn(NUMBA_FROM, 2)
    told = optimizer.explain(small, 1)
    other = check(optimizer, large, 2)
    assert told.theta_after == small.numpy()[1] and told.scalars["alpha"] == 0.5
    assert (told.rule, other.rule, other.scalars["lam"]) == ("adam", "adam_decayed", 0.1)
