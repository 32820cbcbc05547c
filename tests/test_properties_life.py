"""Properties of every optimizer as an object: resumed, grouped, left out, at rest, in half
precision, at any size and age; and that every property has a test."""

from __future__ import annotations

import itertools
import pickle
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels import Update
from tests import test_properties_adam, test_properties_family
from tests.optim_sample import CASES, Case, leaf, run
from tests.properties_sample import (
    NUMBERS,
    SHAPES,
    STREAMS,
    begun,
    each,
    walk,
    walk_of,
)

every_case = pytest.mark.parametrize("name", CASES)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def state_of(optimizer: Any) -> list[Any]:
    """All that an optimizer remembers, in order, as bytes."""
    kept = optimizer.state_dict()["state"].values()
    return [np.asarray(held[name]).tobytes() for held in kept for name in sorted(held)]


@every_dtype
@every_case
@each(3)
@given(g=STREAMS, data=st.data())
def test_p26_resume_is_bit_exact(name: str, dtype: Any, g: Any, data: Any) -> None:
    case, cut = CASES[name], data.draw(st.integers(0, len(g)))
    p, first = begun(case.make, g.shape[1], dtype=dtype, **case.settings)
    run(first, p, g[:cut])
    saved = pickle.loads(pickle.dumps((p.numpy(), first.state_dict())))
    q, second = begun(case.make, g.shape[1], start=saved[0], dtype=dtype, **case.settings)
    second.load_state_dict(saved[1])
    for row in g[cut:]:
        run(first, p, [row])
        run(second, q, [row])
        assert np.array_equal(p.numpy(), q.numpy()) and state_of(first) == state_of(second)


@every_dtype
@every_case
@each(3)
@given(g=STREAMS)
def test_p27_a_group_is_its_members_bit_for_bit(name: str, dtype: Any, g: Any) -> None:
    case, parameters = CASES[name], [leaf(1.0, (), dtype) for _ in range(g.shape[1])]
    together = case.make(parameters, **case.settings)
    for row in g:
        for p, x in zip(parameters, row):
            p.grad = fg.Tensor(x, dtype=dtype)
        together.step()
    alone = [walk_of(case, c[:, None], start=1.0, dtype=dtype)[-1, 0] for c in g.T]
    assert [p.numpy()[()] for p in parameters] == alone
    assert np.array_equal(alone, walk_of(case, g, start=1.0, dtype=dtype)[-1])


@every_case
@each(3)
@given(g=STREAMS, data=st.data())
def test_p28_no_gradient_is_no_step(name: str, g: Any, data: Any) -> None:
    case = CASES[name]
    pauses = data.draw(st.lists(st.booleans(), min_size=len(g), max_size=len(g)))
    p, optimizer = begun(case.make, g.shape[1], **case.settings)
    other = leaf(1.0)  # something always moves
    optimizer.add_param_group({"params": [other]})
    for row, pause in zip(g, pauses):
        for gradient in ([None] if pause else []) + [fg.Tensor(row)]:
            p.grad, other.grad = gradient, fg.Tensor([1.0])
            optimizer.step()
    assert np.array_equal(p.numpy(), walk_of(case, g)[-1])
    assert optimizer.state[p]["step"] == len(g)
    assert optimizer.state[other]["step"] == len(g) + sum(pauses)


@every_case
@each(3)
@given(shape=SHAPES, start=NUMBERS)
def test_p29_a_gradient_of_zero_leaves_theta(name: str, shape: Any, start: float) -> None:
    path = walk_of(CASES[name], np.zeros(shape), start=start, weight_decay=0.0)
    assert np.array_equal(path, np.full(shape, start))


def without_eps(case: Case) -> dict[str, Any]:
    """The settings of a case with every eps at 0, and no decay."""
    off = ("eps", "eps_hat", "weight_decay", "initial_accumulator_value")
    return {**case.settings, **{k: 0.0 for k in off if k in case.settings}}


@every_dtype
@every_case
@each(3)
@given(g=STREAMS, start=NUMBERS)
def test_p30_zero_over_zero_is_no_move(name: str, dtype: Any, g: Any, start: float) -> None:
    settings = {**without_eps(CASES[name]), "start": start, "dtype": dtype}
    still = walk(CASES[name].make, 0 * g, **settings)
    assert np.array_equal(still, np.full(g.shape, dtype(start)))
    late = np.concatenate([0 * g, g])
    path = walk(CASES[name].make, late, **settings)  # and it can still begin
    assert np.isfinite(path).all() and np.array_equal(path[: len(g)], still)


# ---- precision, counters, states ------------------------------------------------------------
@each(20)
@given(g=st.floats(0.5, 2), steps=st.integers(20, 40))
def test_half_precision_moves_by_steps_it_cannot_hold(g: float, steps: int) -> None:
    lr = 1e-4  # a float16 just below 1 is 4.9e-4 away
    assert np.float16(1) - np.float16(lr) == 1
    for make in (optim.Adam, optim.SGD):
        stream = np.full((steps, 1), np.float16(g))
        half = walk(make, stream, start=1.0, dtype=np.float16, lr=lr)
        single = walk(make, stream, start=1.0, dtype=np.float32, lr=lr)
        assert np.array_equal(half, single.astype(np.float16)) and half[-1, 0] < 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_steps_are_counted_beyond_two_to_the_24th(dtype: Any) -> None:
    p, optimizer = begun(optim.Adam, 1, dtype=dtype)
    run(optimizer, p, [1.0])
    state = optimizer.state_dict()
    state["state"][0]["step"] = 2**24
    optimizer.load_state_dict(state)
    run(optimizer, p, [1.0] * 3)
    assert optimizer.state_dict()["state"][0]["step"] == 2**24 + 3


@every_case
def test_a_state_of_before_decay_and_skipping_is_taken(name: str) -> None:
    case, g = CASES[name], np.array([[1.0], [-2.0], [0.5], [3.0]])
    own = "weight_decay" in case.settings  # this rule was never without
    p, first = begun(case.make, 1, **case.settings)
    run(first, p, g[:2])
    old = first.state_dict()
    del old["skipped"]
    for group in old["param_groups"] * (not own):
        del group["weight_decay"]
    q, second = begun(case.make, 1, start=p.numpy(), **{**case.settings, "lr": 9.0})
    second.skipped = 5
    second.load_state_dict(old)
    assert second.skipped == 0 and np.array_equal(run(first, p, g[2:]), run(second, q, g[2:]))


@pytest.mark.parametrize("reader", ["numpy", "numba"])
@every_case
def test_a_gradient_may_be_the_parameter_and_is_not_written(name: str, reader: str) -> None:
    paths = []
    for make in (
        lambda p: p.detach(),
        lambda p: fg.Tensor(p.numpy()),
    ):  # the same memory, and a copy
        p, q = leaf(2.0, (3,)), leaf(2.0, (3,))
        optimizer = CASES[name].make([p, q], **CASES[name].settings)
        optimizer.update = Update(optimizer.update.rule, reader=reader)
        for _ in range(3):
            p.grad, q.grad = make(p), fg.Tensor([1.0, 2.0, 3.0])
            optimizer.step()
            assert np.array_equal(q.grad.numpy(), [1.0, 2.0, 3.0])
            arrays = [v for v in optimizer.state[q].values() if isinstance(v, np.ndarray)]
            held = [p.data, q.data, q.grad.data, *arrays]
            assert not any(itertools.starmap(np.shares_memory, itertools.combinations(held, 2)))
        paths.append(p.numpy().copy())
    assert np.array_equal(*paths)


@every_case
@each(3)
@given(g=STREAMS, shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=2))
def test_nothing_and_a_single_number_are_parameters(name: str, g: Any, shape: Any) -> None:
    p = leaf(1.0, shape)
    path = run(CASES[name].make([p], **CASES[name].settings), p, g[:, 0])
    want = walk_of(CASES[name], g[:, :1], start=1.0)
    assert all(np.array_equal(a, np.full(shape, w[0])) for a, w in zip(path, want))


def test_every_property_has_a_test() -> None:
    names = [*vars(test_properties_adam), *vars(test_properties_family), *globals()]
    found = {int(n[6:8]) for n in names if re.fullmatch(r"test_p\d\d_\w+", n)}
    assert found == set(range(1, 35))
