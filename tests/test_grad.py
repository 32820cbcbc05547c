"""Functions of functions, where recording happens, and whose memory a gradient is."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import fusegrad as fg
from fusegrad.engine import Tensor, is_recording
from tests.ops_sample import MP, error, leaf, quotient, without_collector

EPS = float(np.finfo(np.float64).eps)


# ---- values and gradients -------------------------------------------------------------------
def cubic(x: Any, y: Any, *, scale: float = 1.0) -> Tensor:
    return fg.sum(scale * x * x * y)


def test_grad_of_one_argument_is_a_tensor_and_of_several_a_tuple() -> None:
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert np.array_equal(fg.grad(cubic)(x, y), 2 * x * y)
    assert np.array_equal(fg.grad(cubic, 1)(x, y), x * x)
    for argnums in ((1, 0), [1, 0]):
        dy, dx = fg.grad(cubic, argnums)(x, y)
        assert np.array_equal(dy, x * x) and np.array_equal(dx, 2 * x * y)
    (dy,) = fg.grad(cubic, (-1,))(x, y)
    assert np.array_equal(dy, x * x)


def test_value_and_grad_gives_both_and_passes_keywords_on() -> None:
    value, dx = fg.value_and_grad(cubic)(2.0, 3.0, scale=10.0)
    assert (value.item(), dx.item()) == (120.0, 120.0)
    assert not value.requires_grad and not dx.requires_grad and value.is_leaf


@pytest.mark.parametrize("x", [2.0, [1.0, np.inf], [[np.nan]], np.zeros((0, 2))])
def test_gradient_is_zero_where_f_does_not_depend_on_its_argument(x: Any) -> None:
    dx, dy = fg.grad(lambda x, y: y * y, (0, 1))(x, 3.0)
    assert np.array_equal(dx, np.zeros(np.shape(x))) and dy.item() == 6.0
    assert np.array_equal(fg.grad(lambda x: Tensor(1.0))(x), np.zeros(np.shape(x)))


def test_gradient_has_the_dtype_of_its_argument() -> None:
    x, y = np.ones(2, np.float32), np.ones(2, np.float64)
    assert [g.dtype for g in fg.grad(cubic, (0, 1))(x, y)] == [np.float32, np.float64]


def test_the_arguments_are_left_as_they_were() -> None:
    x, w = np.ones(2), leaf(np.ones(2))
    fg.grad(cubic, (0, 1))(x, w)
    assert w.grad is None and np.array_equal(x, np.ones(2))
    fg.grad(lambda v: v[0] * 2.0)(plain := Tensor([1.0, 2.0]))
    assert not plain.requires_grad


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_grad_nests_to_the_fourth_order(order: int) -> None:
    def f(x: Any) -> Any:
        return fg.exp(fg.sin(x)) * fg.silu(x)

    def exact(x: Any) -> Any:
        return MP.exp(MP.sin(x)) * x / (1 + MP.exp(-x))

    g = f
    for _ in range(order):
        g = fg.grad(g)
    for x in (0.0, 0.7, -1.3):  # four differences of step 1e-10 leave 1e-50 / 1e-40
        assert error(g(x), float(quotient(exact, [0] * order)(MP.mpf(x)))) <= 1e-9


# ---- closures -------------------------------------------------------------------------------
def penalty(w: Any, x: np.ndarray) -> Tensor:
    """|d/dx sum(tanh(x w))|^2, whose gradient in w needs mixed second derivatives."""
    slope = fg.grad(lambda v: fg.sum(fg.tanh(v @ w)))(x)
    return (slope * slope).sum()


def test_a_gradient_penalty_reaches_the_parameters_of_its_closure() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 3)), leaf(rng.standard_normal((3, 2)))
    loss = penalty(w, x)
    loss.backward()
    s = 1 - np.tanh(x @ w.numpy()) ** 2  # by hand: slope = s w', s' = -2 tanh s
    slope = s @ w.numpy().T
    through_s = x.T @ ((slope @ w.numpy()) * -2 * np.tanh(x @ w.numpy()) * s)
    assert error(loss, (slope**2).sum()) <= 20 * EPS
    assert error(w.grad, 2 * (through_s + slope.T @ s)) <= 200 * EPS
    fg.gradcheck(lambda v: penalty(v, x), w.numpy(), order=2)


def test_a_closed_over_leaf_lets_both_value_and_gradient_be_differentiated() -> None:
    w = leaf(3.0)
    value, dx = fg.value_and_grad(lambda x: w * x * x)(2.0)
    value.backward(retain_graph=True)
    assert w.grad.item() == 4.0
    dx.backward()
    assert w.grad.item() == 4.0 + 4.0


def test_inside_no_grad_gradients_are_right_and_not_recorded() -> None:
    w = leaf(3.0)
    h = w * 2.0
    with fg.no_grad():
        value, dx = fg.value_and_grad(lambda x: h * x * x)(2.0)
        second = fg.grad(fg.grad(lambda x: x * x * x))(leaf(2.0))
    assert (value.item(), dx.item(), second.item()) == (24.0, 24.0, 12.0)
    assert not (value.requires_grad or dx.requires_grad or second.requires_grad)
    h.backward()  # the graph outside is whole
    assert w.grad.item() == 2.0


FEW = arrays(np.float64, 3, elements=st.floats(-2, 2))


@given(x=FEW, y=FEW)
@settings(max_examples=50, deadline=None)
def test_mixed_derivatives_do_not_care_about_their_order(x: Any, y: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return fg.sum(fg.silu(x * y) + fg.tanh(x) ** 3 * fg.sin(y) + fg.gelu(x - y))

    u, v = np.array([1.0, -2.0, 0.5]), np.array([0.3, 1.0, -1.0])
    xy = fg.grad(lambda y: fg.sum(fg.grad(f, 0)(x, y) * u))(y).numpy() @ v
    yx = fg.grad(lambda x: fg.sum(fg.grad(f, 1)(x, y) * v))(x).numpy() @ u
    assert error(xy, yx) <= 100 * EPS  # terms up to 20, each a dozen roundings


@pytest.mark.parametrize("order", [1, 2])
def test_gradients_of_functions_leave_nothing_behind(order: int) -> None:
    arrays: list[weakref.ref[Any]] = []

    def f(x: Tensor) -> Tensor:
        y = x * 3.0
        arrays.append(weakref.ref(y.data))
        return fg.sin(y).sum()

    with without_collector():
        g = fg.grad(f) if order == 1 else fg.grad(lambda x: fg.grad(f)(x).sum())
        assert g(np.ones(2)).shape == (2,)
        assert [a() for a in arrays] == [None]


# ---- whose memory a gradient is --------------------------------------------------------------
SHARING: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda a, b: a + b,
    "add of itself": lambda a, b: (a + a) + b,
    "reshape": lambda a, b: a.reshape(4) + b.reshape(4),
    "transpose": lambda a, b: a.T + b.T,
    "broadcast_to": lambda a, b: fg.broadcast_to(a, (1, 2, 2)) + b,
    "concat": lambda a, b: fg.concat([a, b]),
    "stack": lambda a, b: fg.stack([a, b]),
    "getitem": lambda a, b: a[:] + b[...],
    "astype": lambda a, b: a.astype(float) + b,
    "sum": lambda a, b: a.sum() + b.sum(),
    "a retained sum": lambda a, b: (a + b).retain_grad(),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", SHARING)
def test_leaves_share_gradient_memory_with_nobody(name: str, create_graph: bool) -> None:
    a, b = leaf(np.ones((2, 2))), leaf(np.ones((2, 2)))
    y = SHARING[name](a, b)
    seed = np.ones(y.shape)
    y.backward(seed, create_graph=create_graph)
    others = [b.grad.data, seed, *([y.grad.data] if y.grad is not None else [])]
    assert not any(np.shares_memory(a.grad.data, other) for other in others)
    with pytest.raises(ValueError, match="read-only"):
        a.grad.data[...] = 7.0  # as a clip in place would


# ---- recording ------------------------------------------------------------------------------
def test_no_grad_records_nothing_and_ends_even_by_an_error() -> None:
    x = leaf(1.0)
    with pytest.raises(KeyError), fg.no_grad():
        assert not is_recording() and not (x * 2.0).requires_grad
        raise KeyError
    assert is_recording() and (x * 2.0).requires_grad


def test_no_grad_decorates_a_function() -> None:
    assert not fg.no_grad()(lambda: leaf(1.0) * 2.0)().requires_grad


def test_no_grad_holds_in_its_own_thread_alone() -> None:
    seen: list[bool] = []
    with fg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_recording()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_threads_build_and_walk_graphs_of_their_own() -> None:
    def slope_of_square(k: float) -> float:
        y = (x := leaf(k)) * x
        for _ in range(200):
            y = y * 1.0
        y.backward()
        return x.grad.item()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(slope_of_square, map(float, range(8)))) == [
            2.0 * k for k in range(8)
        ]


def test_detach_stops_the_gradient_and_shares_the_values() -> None:
    x = leaf([1.0, 2.0])
    y = x * x
    (y.detach() * x).sum().backward()
    assert np.array_equal(x.grad, [1.0, 4.0])
    assert np.shares_memory(y.detach().data, y.data) and y.detach().is_leaf
