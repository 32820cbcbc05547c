"""checkpoint: the same gradients, bit for bit, for less memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from tests.ops_sample import error, leaf, refused

RNG = np.random.default_rng(0)
W, X = RNG.standard_normal((4, 4)), RNG.standard_normal((3, 4))


def plain(f: Callable[..., Any]) -> Callable[..., Any]:
    return f


def deep(wrap: Callable[..., Any], w: Any, x: Any, rng: Any = None) -> Any:
    """Five blocks that share w, use it twice each, and drop at random."""

    def block(h: Any) -> Any:
        h = fg.tanh(h @ w) * fg.sin(h) + w[0]
        return h if rng is None else fg.dropout(h, 0.5, rng)

    f = wrap(block)
    for _ in range(5):
        x = f(x)
    return (x * x).sum()


def gradients(wrap: Callable[..., Any], seed: int | None) -> list[np.ndarray]:
    w, x = leaf(W), leaf(X)
    deep(wrap, w, x, None if seed is None else np.random.default_rng(seed)).backward()
    return [w.grad.numpy(), x.grad.numpy()]


@pytest.mark.parametrize("seed", [None, 1])
def test_gradients_are_bit_for_bit_those_without(seed: int | None) -> None:
    for one, other in zip(gradients(fg.checkpoint, seed), gradients(plain, seed)):
        assert np.array_equal(one, other)


def test_the_generator_goes_on_as_if_nothing_had_been_drawn_twice() -> None:
    after = []
    for wrap in (plain, fg.checkpoint):
        rng = np.random.default_rng(3)
        deep(wrap, leaf(W), leaf(X), rng).backward()
        after.append(rng.random())
    assert after[0] == after[1]


def test_second_derivatives_and_tangents_pass() -> None:
    for differentiate in (fg.hessian, fg.jacobian):
        ways = [differentiate(lambda x, k=k: deep(k, W, x))(X) for k in (plain, fg.checkpoint)]
        assert error(*ways) <= 1e-14
    ways = [fg.hvp(lambda x, k=k: deep(k, W, x), X, X) for k in (plain, fg.checkpoint)]
    assert error(*ways) <= 1e-14


def test_trees_come_out_and_the_graph_around_is_reached() -> None:
    a = leaf(2.0)

    @fg.checkpoint
    def f(x: Any) -> Any:
        return {"square": x * x, "row": (fg.stack([x, a]),)}

    h = a * 3.0
    y = f(h)
    (y["square"] + y["row"][0].sum()).backward()
    assert a.grad.item() == 2 * 6 * 3 + 3 + 1


def test_less_memory_is_held() -> None:
    held = []
    for wrap in (plain, fg.checkpoint):
        x = leaf(np.ones((100, 100)))

        def block(h: Any) -> Any:
            for _ in range(10):
                h = fg.tanh(h) * fg.sin(h)
            return h

        tracemalloc.start()
        y = wrap(block)(wrap(block)(x))
        held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        y.sum().backward()
    assert held[1] < held[0] / 8


def test_a_second_backward_and_a_changed_leaf_are_refused() -> None:
    w = leaf([1.0, 2.0], name="w")
    y = fg.checkpoint(lambda: (w * w).sum())()
    y.backward(retain_graph=True)
    y.backward()
    assert w.grad.numpy().tolist() == [4.0, 8.0]
    with refused(fg.GraphError, "backward: expected a graph that still holds its saved arrays, "
                 "got one freed by an earlier backward, at checkpoint (HERE); pass "
                 "retain_graph=True to the first, or run forward again"):  # fmt: skip
        y.backward()
    y = fg.checkpoint(lambda: (w * w).sum())()
    w.assign_([0.0, 0.0])
    with refused(fg.GraphError, "backward of checkpoint (HERE): expected the value of w (HERE) "
                 "that the forward pass saw, got one changed 1 time(s) since; call backward "
                 "before the update, or run forward again"):  # fmt: skip
        y.backward()


def test_without_a_gradient_to_come_it_is_the_function_itself() -> None:
    assert fg.checkpoint(fg.exp)(0.0) == 1.0
    with fg.no_grad():
        assert not fg.checkpoint(fg.exp)(leaf(1.0)).requires_grad
