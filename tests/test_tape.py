"""The tape: how far it reaches, what it keeps, what it lets go of, and what it refuses."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.backward import backpropagate
from fusegrad.kernels import GraphError, observe
from tests.ops_sample import leaf, refused, without_collector

FREED = (
    "backward: expected a graph that still holds its saved arrays, got one freed by an earlier "
    "backward, at {} (HERE); pass retain_graph=True to the first, or run forward again"
)
CHANGED = (
    "backward of {} (HERE): expected the value of {} (HERE) that the forward pass saw, got one "
    "changed {} time(s) since; call backward before the update, or run forward again"
)


def kernels_of(run: Callable[[], Any]) -> list[str]:
    """The names of the kernels that a function runs."""
    names: list[str] = []
    with observe(lambda kernel, args, params, result: names.append(kernel.name)):
        run()
    return names


# ---- depth and shape of the graph -----------------------------------------------------------
def chain(x: Tensor, length: int) -> Tensor:
    """x through many ops, alternating one that saves nothing and one that saves its input."""
    y = x
    for k in range(length):
        y = y + 1.0 if k % 2 else y * 1.0
    return y


def test_a_chain_of_100_000_ops_goes_back_without_recursion() -> None:
    assert sys.getrecursionlimit() == 1000
    x = leaf(2.0)
    chain(x, 100_000).backward()
    assert x.grad.item() == 1.0


def test_a_chain_of_100_000_ops_that_never_went_back_is_freed() -> None:
    with without_collector():
        first = leaf(2.0) * 3.0
        alive = weakref.ref(first.data)
        y = chain(fg.sin(first), 100_000)
        del first
        assert alive() is not None  # the graph hangs on its output
        del y
        assert alive() is None


def test_a_diamond_of_60_levels_is_walked_once() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
    names = kernels_of(y.backward)
    assert x.grad.item() == 2.0**60 == y.item()
    assert len(names) <= 3 * 60


# ---- which gradients are kept ---------------------------------------------------------------
def test_gradients_of_two_losses_add_up_in_the_leaf() -> None:
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    (3.0 * x).sum().backward()
    assert np.array_equal(x.grad, [5.0, 7.0])


def test_interior_gradients_are_dropped_unless_retained() -> None:
    x = leaf([1.0, 2.0])
    y, z = x * x, (x * 3.0).retain_grad()
    (y * z).sum().backward()
    assert y.grad is None
    assert np.array_equal(z.grad, [1.0, 4.0])
    assert x.retain_grad() is x


def test_a_retained_root_receives_its_seed() -> None:
    y = (leaf([1.0, 2.0]) * 2.0).retain_grad()
    y.backward(np.array([3.0, 4.0]))
    assert np.array_equal(y.grad, [3.0, 4.0])


def test_a_leaf_goes_back_to_itself_and_touches_no_other() -> None:
    x, unused = leaf(5.0), leaf(1.0)
    x.backward()
    assert x.grad.item() == 1.0 and unused.grad is None


def test_inputs_that_need_no_gradient_cost_no_kernel() -> None:
    a, b = leaf(np.ones(3)), Tensor(np.ones(3))
    one = kernels_of(lambda: (a * b).backward(np.ones(3)))
    two = kernels_of(lambda: (a * leaf(np.ones(3))).backward(np.ones(3)))
    assert (one.count("multiply_vjp_a"), one.count("multiply_vjp_b")) == (1, 0)
    assert (two.count("multiply_vjp_a"), two.count("multiply_vjp_b")) == (1, 1)


def test_gradients_of_chosen_inputs_cost_nothing_for_the_others() -> None:
    a, b = leaf(np.ones(3)), leaf(np.ones(3))
    y = (fg.exp(a) * fg.sin(b)).sum()
    names = kernels_of(lambda: backpropagate([y.node], [np.ones(())], inputs=[a]))
    assert "exp_vjp_x" in names
    assert "sin_vjp_x" not in names and "multiply_vjp_b" not in names


# ---- a second time --------------------------------------------------------------------------
def test_a_second_backward_is_refused_and_changes_nothing() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    with refused(GraphError, FREED.format("sum")):
        y.backward()
    assert np.array_equal(x.grad, [2.0, 4.0])


@pytest.mark.parametrize("via", [lambda h: h.sum(), lambda h: (h + 1.0).sum()])
def test_a_graph_freed_in_part_is_refused(via: Callable[[Tensor], Tensor]) -> None:
    x = leaf([1.0, 2.0])
    h = x + 1.0  # saves nothing, and yet is gone
    first, second = h.sum(), via(h)
    first.backward()
    with refused(GraphError, FREED.format("add")):
        second.backward()
    with refused(GraphError, FREED.format("add")):
        fg.grad(lambda v: (v * h).sum())(2.0).backward()


def test_a_retained_graph_goes_back_as_often_as_asked() -> None:
    x = leaf(3.0)
    y = x * x * x
    for _ in range(3):
        y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 4 * 27.0


def test_create_graph_gives_derivatives_of_any_order() -> None:
    x = leaf(2.0)
    y, found = x**5.0, []
    while y.requires_grad and len(found) < 7:
        x.grad = None
        y.backward(create_graph=True)
        y = x.grad
        found.append(y.item())
    assert found == [80.0, 160.0, 240.0, 240.0, 120.0, 0.0, 0.0]


# ---- what is let go of, by reference counts alone -------------------------------------------
def grown() -> tuple[Tensor, Tensor, weakref.ref[Any]]:
    """A leaf, a loss, and an array that the graph between them holds."""
    x = leaf([1.0, 2.0])
    y = x * 3.0
    return x, fg.sin(y).sum(), weakref.ref(y.data)


def test_backward_lets_go_of_saved_arrays_while_the_loss_lives() -> None:
    with without_collector():
        x, loss, array = grown()
        assert array() is not None
        loss.backward()
        assert array() is None and x.grad is not None


def test_a_retained_graph_lives_as_long_as_its_loss() -> None:
    with without_collector():
        _x, loss, array = grown()
        loss.backward(retain_graph=True)
        assert array() is not None
        del loss
        assert array() is None


def test_a_retained_gradient_holds_no_graph() -> None:
    with without_collector():
        _x, loss, array = grown()
        loss.retain_grad()
        del loss
        assert array() is None


def test_a_dropped_gradient_of_a_gradient_frees_its_graph() -> None:
    with without_collector():
        x, loss, array = grown()
        loss.backward(create_graph=True)
        del loss
        assert array() is not None  # x.grad can be differentiated, so it holds the graph
        x.grad = None
        assert array() is None


# ---- mutation is never silent ---------------------------------------------------------------
VIEWS: dict[str, Callable[[Tensor], Tensor]] = {
    "the leaf": lambda x: x,
    "reshape": lambda x: x.reshape(4),
    "transpose": lambda x: x.T,
    "a view of a view": lambda x: x.T.reshape(1, 2, 2)[0],
    "getitem": lambda x: x[:1],
    "broadcast_to": lambda x: fg.broadcast_to(x, (3, 2, 2)),
    "detach": lambda x: x.detach(),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("view", VIEWS)
def test_a_leaf_assigned_since_forward_is_refused(view: str, create_graph: bool) -> None:
    w, b = leaf(np.ones((2, 2)), name="weight"), leaf(1.0)
    y = VIEWS[view](w) * b
    w.assign_(np.zeros((2, 2)))
    with refused(GraphError, CHANGED.format("multiply", "weight", 1)):
        y.backward(np.ones(y.shape), create_graph=create_graph)


def test_a_leaf_assigned_between_first_and_second_order_is_refused() -> None:
    x = leaf(np.ones((2, 2)))
    fg.sin(x.reshape(4)).sum().backward(create_graph=True)
    x.assign_(np.zeros((2, 2)))
    x.assign_(np.zeros((2, 2)))
    with refused(GraphError, CHANGED.format("cos", "a leaf", 2)):
        x.grad.sum().backward()


def test_a_leaf_seen_by_grad_and_assigned_since_is_refused() -> None:
    w = leaf(2.0, name="w")
    g = fg.grad(lambda x: x * x * x)(w)
    w.assign_(5.0)
    with refused(GraphError, CHANGED.format("multiply", "w", 1)):
        g.backward()


def test_a_leaf_whose_values_nobody_saved_may_be_assigned() -> None:
    x = leaf([1.0, 2.0])
    y = (x + 1.0) * 3.0
    x.assign_([0.0, 0.0])
    y.sum().backward()
    assert np.array_equal(x.grad, [3.0, 3.0]) and np.array_equal(x, [0.0, 0.0])
