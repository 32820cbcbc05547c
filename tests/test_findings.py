"""Mistakes that were in the engine once, each in its smallest form."""

from __future__ import annotations

import threading
from collections import OrderedDict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from tests.ops_sample import error, leaf

SAME = 1e-14


def through_vjp(x: Any) -> Any:
    y, pullback = fg.vjp(fg.sin, x)
    return pullback(y)[0]  # sin(x) cos(x)


def test_the_seed_of_a_pullback_is_a_constant_to_it_and_not_to_what_lies_outside() -> None:
    assert error(through_vjp(1.0), np.sin(2.0) / 2) <= SAME
    value, slope = fg.value_and_grad(through_vjp)(1.0)
    assert error(value, np.sin(2.0) / 2) <= SAME and error(slope, np.cos(2.0)) <= SAME
    assert error(fg.hvp(through_vjp, 1.0, 1.0), -2 * np.sin(2.0)) <= SAME
    w = leaf(3.0)
    y, pullback = fg.vjp(lambda x: fg.sin(x) * w, 1.0)
    assert error(pullback(y)[0], 9 * np.sin(1.0) * np.cos(1.0)) <= SAME


def test_tensors_in_lists_stay_in_the_graph_or_are_refused() -> None:
    with pytest.raises(fg.DTypeError, match="list of Tensors"):
        fg.grad(lambda x: fg.sum(x * [x, 2.0 * x]))(3.0)
    nested = fg.grad(lambda p: fg.sum(fg.Tensor(np.eye(2)) @ [[p, 0.0], [0.0, p]]))(1.5)
    assert nested.item() == 2.0
    assert (
        fg.grad(lambda p: fg.zeros((2, 2)).at[:].set([[p, p], [p, p]]).sum())(1.5).item() == 4
    )


@pytest.mark.parametrize(
    "blind",
    [
        lambda x: fg.sum(fg.Tensor([x]) * x),
        lambda x: fg.sum(fg.Tensor(x) * x),
        lambda x: fg.sum(fg.full((2,), x) * x),
        lambda x: np.linalg.norm(fg.stack([x, x])) * x,
        lambda x: fg.random.normal(np.random.default_rng(0), 2, x).sum() * x,
    ],
)
def test_what_would_lose_a_derivative_is_refused_in_both_modes(blind: Any) -> None:
    with pytest.raises(fg.FusegradError):
        fg.grad(blind)(3.0)
    with pytest.raises(fg.FusegradError):
        fg.jvp(blind, (3.0,), (1.0,))


def test_a_tangent_goes_through_the_threads_of_a_function() -> None:
    def f(x: Any) -> Any:
        with ThreadPoolExecutor(2) as pool:
            return fg.sum(fg.stack(list(pool.map(fg.sin, [x, x * 2.0]))))

    assert error(fg.jvp(f, (1.0,), (1.0,))[1], np.cos(1) + 2 * np.cos(2)) <= SAME
    assert error(fg.hvp(f, 1.0, 1.0), -np.sin(1) - 4 * np.sin(2)) <= SAME


def test_backward_inside_a_jvp_is_refused() -> None:
    def f(x: Any) -> Any:
        w = fg.Tensor(1.0, requires_grad=True)
        (x * w * w).backward(create_graph=True)
        return w.grad * x

    with pytest.raises(fg.GraphError, match=r"use fg\.grad inside a jvp"):
        fg.jvp(f, (3.0,), (1.0,))


def test_threads_that_go_back_to_one_leaf_lose_nothing() -> None:
    w = leaf(np.ones(1000))

    def work() -> None:
        for _ in range(50):
            fg.sum(w * 2.0).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert np.all(w.grad.numpy() == 400.0)


def test_whole_numbers_do_not_wrap_inside_a_formula() -> None:
    low = np.array([-128], np.int8)
    assert error(fg.logaddexp(low, np.zeros(1, np.int8)), [0.0]) <= SAME
    assert error(fg.softplus(low), [0.0]) <= SAME
    assert error(fg.softsign(low), [-128 / 129]) <= SAME
    assert error(fg.softshrink(np.zeros(1, np.uint8), 3), [0.0]) <= SAME


def test_a_setting_of_a_primitive_may_have_a_default() -> None:
    times = fg.primitive(vjp=lambda g, n: g * n)(lambda x, *, n=3.0: x * n)
    assert (
        fg.grad(times)(2.0).item() == 3.0
        and fg.grad(lambda x: times(x, n=4.0))(2.0).item() == 4
    )


def test_an_error_of_a_primitive_is_the_users_own_and_its_buffer_stays_writable() -> None:
    room = np.zeros(2)

    @fg.primitive(vjp=lambda g: g)
    def filled(x: Any) -> Any:
        room[...] = x
        return room

    first, second = filled(leaf([1.0, 2.0])), filled(leaf([3.0, 4.0]))
    assert first.numpy().tolist() == [1, 2] and second.numpy().tolist() == [3, 4]

    @fg.primitive(vjp=lambda g: g)
    def broken(x: Any) -> Any:
        raise ValueError("no column b")

    with pytest.raises(ValueError, match=r"^no column b$"):
        broken(leaf(1.0))


def test_anomalies_are_told_from_an_inf_that_was_asked_for() -> None:
    with fg.detect_anomaly():
        fg.max_pool2d(fg.Tensor(np.ones((1, 1, 4, 4))), 2, padding=1)
        fg.softmax(
            fg.where(np.array([True, False]), leaf([1.0, 2.0]), -np.inf)
        ).sum().backward()


def test_aux_is_outside_the_graph_that_was_freed() -> None:
    def f(x: Any) -> Any:
        h = fg.exp(x)
        return fg.sum(h * h), {"h": h}

    _, aux = fg.grad(f, has_aux=True)([1.0, 2.0])
    assert not aux["h"].requires_grad


def test_inner_gradients_cost_the_same_however_long_the_history_behind_them() -> None:
    def kernels(steps: int) -> int:
        seen = []

        def f(w: Any) -> Any:
            for _ in range(steps):
                w = w - 0.001 * fg.grad(lambda v: fg.sum(v * v * v))(w)
            return fg.sum(w)

        with fg.observe(lambda kernel, args, params, y: seen.append(1)):
            fg.grad(f)(np.ones(3))
        return len(seen)

    assert kernels(40) - kernels(20) == kernels(60) - kernels(40)


Pair = namedtuple("Pair", "a b")


def test_trees_keep_their_types() -> None:
    g = fg.grad(lambda p: p.a * p.b)(Pair(2.0, 3.0))
    assert type(g) is Pair and g.a.item() == 3.0
    o = fg.grad(lambda p: p["x"] * 2.0)(OrderedDict(x=1.0))
    assert type(o) is OrderedDict
    assert fg.grad(lambda v: fg.sum(v**2))(list(np.array([1.0, 2.0]))).numpy().tolist() == [
        2,
        4,
    ]


def test_forward_jacobians_hand_tensors_to_the_function() -> None:
    J = fg.jacobian(lambda v: v * v.exp(), mode="forward")([1.0, 2.0])
    assert error(J, np.diag([2 * np.e, 3 * np.e**2])) <= SAME


def test_a_bound_of_clip_may_be_left_out() -> None:
    x = leaf([-2.0, 1.0, 5.0])
    (x.clip(None, 3.0) + fg.clip(x, -1.0) + fg.clip(x)).sum().backward()
    assert x.grad.numpy().tolist() == [2, 3, 2]
    assert fg.clip(np.array([-2, 5]), None, 3).tolist() == [-2, 3]


def test_a_curved_function_is_checked_with_a_smaller_step() -> None:
    fg.gradcheck(lambda x: 1 / x, [1e-4])
    fg.gradcheck(fg.sqrt, [1e-6])
