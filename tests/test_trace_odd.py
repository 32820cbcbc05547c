"""`fg.trace` of odd programs: what is recorded is what happened, or says what it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.microscope import trace
from tests.trace_sample import agrees, grad_of, holds, leaf, same, values, watched

RNG = np.random.default_rng


# ---- odd programs ---------------------------------------------------------------------------
def in_place(x: Any, w: Any) -> Any:
    w.assign_([5.0, 6.0])
    return x * w


def with_views(x: Any, w: Any) -> Any:
    h = x * w
    return fg.concat([h[0:1] * h[1], fg.stack([h, w])[1], h.reshape(2, 1)[:, 0], w[[0, 0, 1]]])


def replayed(x: Any, w: Any) -> Any:
    f = fg.checkpoint(lambda h: fg.tanh(h * w) * w)
    return f(f(x) * 2.0) + f(w)


def nested(x: Any, w: Any) -> Any:
    inner = fg.checkpoint(lambda h: fg.tanh(h * w))
    outer = fg.checkpoint(lambda h: inner(inner(h) + x) * w)
    return outer(outer(x))


def with_an_unused_op(x: Any, w: Any) -> Any:
    def f(h: Any) -> Any:
        y = fg.tanh(h * w)
        assert fg.exp(y).requires_grad
        return y

    return fg.checkpoint(f)(x) * w


def of_a_tree(x: Any, w: Any) -> Any:
    first, second = fg.checkpoint(lambda h: (h * w, fg.exp(h)))(x)
    return first * second


def hooked(x: Any, w: Any) -> Any:
    h = x * w
    h.register_hook(lambda g: g * 3.0)
    return fg.tanh(h) * w


def with_a_way_back_in_a_hook(x: Any, w: Any) -> Any:
    h = x * w
    h.register_hook(lambda g: fg.grad(lambda t: (t * t * w.detach()).sum())(g).detach())
    return fg.tanh(h) + x


bump = fg.define_op("bump_seen", lambda x: x * x, lambda x: 2 * x, check=False)


@fg.primitive(vjp=lambda g, x: g * 3.0 * x * x)
def cube(x: Any) -> Any:
    return x**3


def outside(x: Any, w: Any) -> Any:
    with fg.no_grad():
        constant = x * w
    return bump(x) * constant + cube(w) + (x * w).detach()


ODD: list[Callable[..., Any]] = [
    in_place, with_views, replayed, nested, with_an_unused_op, of_a_tree, hooked,
    with_a_way_back_in_a_hook, outside,
]  # fmt: skip


@pytest.mark.parametrize("program", ODD, ids=lambda f: f.__name__)
def test_odd_programs_obey_the_laws(program: Callable[..., Any]) -> None:
    x, w = leaf([0.5, -1.0], "x"), leaf([1.5, 2.0], "w")
    seen = watched(lambda: program(x, w), [x, w], graphs=5)
    one = seen.passes[-1]
    assert len(seen.passes) == 1
    agrees(one, [x, w])
    holds(one)
    assert one.left_out == 0


def test_a_checkpoint_is_the_ops_in_it_and_none_is_told_twice() -> None:
    x = leaf([0.5, -1.0], "x")
    f = fg.checkpoint(lambda h: fg.tanh(h * 2.0) * h)
    seen = watched(lambda: f(f(x)), [x])
    assert [op.op for op in seen.passes[0].ops] == ["multiply", "tanh", "multiply"] * 2


def test_what_a_hook_makes_of_a_gradient_is_noted() -> None:
    x = leaf([1.0, 2.0], "x")
    x.register_hook(lambda g: g * 10.0)
    hooks = list(x.hooks or [])
    with trace() as seen:
        h = x * 3.0
        h.register_hook(lambda g: g * 2.0)
        h.register_hook(lambda g: None)
        (h * h).sum().backward()
    (one,) = seen.passes
    assert [change.source for change in one.changes] == [("op", 0), ("leaf", 0)]
    assert values(one.changes[0].value).tolist() == [12.0, 24.0]
    assert same(grad_of(one, "x"), x.grad.numpy()) and x.grad.numpy().tolist() == [360.0, 720.0]
    assert x.hooks == hooks
    holds(one)


def test_a_way_back_that_begins_inside_another_is_noted() -> None:
    x = leaf([1.0, 2.0], "x")
    with trace() as seen:

        def f(x: Any) -> Any:
            h = x * 2.0
            return h, fg.tanh(h)

        _, pullback = fg.vjp(f, x)
        (g,) = pullback((np.ones(2), np.ones(2)))
    (one,) = seen.passes
    assert len(one.changes) == 1 and len(one.roots) == 1
    assert any(same(v, g.numpy()) for v in one.gradients().values())


def test_each_way_back_is_a_pass_with_all_ops_that_it_goes_through() -> None:
    x, y = leaf([1.0, 2.0], "x"), leaf([3.0], "y")
    with trace(graphs=9) as seen:
        h = fg.tanh(x)
        first, second = (h * h).sum(), (h.sum() * y).sum()
        first.backward(retain_graph=True)
        one, x.grad = x.grad, None
        second.backward()
    assert [p.number for p in seen.passes] == [0, 1]
    assert same(grad_of(seen.passes[0], "x"), one.numpy())
    agrees(seen.passes[1], [x, y])
    assert [op.op for op in seen.passes[1].ops] == ["tanh", "sum", "multiply", "sum"]
    for p in seen.passes:
        holds(p)


def test_a_gradient_that_is_differentiated_again_is_part_of_the_graph() -> None:
    x = leaf([1.0, 2.0], "x")
    with trace(graphs=(1,)) as seen:
        (x * x * x).sum().backward(create_graph=True)
        g, x.grad = x.grad, None
        (g * g).sum().backward()
    (one,) = seen.passes
    assert one.number == 1 and x.grad.numpy().tolist() == [36.0, 288.0]
    agrees(one, [x])
    holds(one)


@pytest.mark.parametrize(
    "program",
    [
        lambda x: fg.grad(lambda t: fg.grad(lambda s: (s * s * s).sum())(t).sum())(x),
        fg.jacobian(lambda t: fg.tanh(t) * t.sum()),
        fg.jacobian(lambda t: fg.tanh(t) * t, mode="forward"),
        fg.hessian(lambda t: (t * t * t).sum()),
        lambda x: fg.jvp(fg.grad(lambda t: fg.tanh(t).sum()), (x,), (x,))[1],
        lambda x: fg.vjp(lambda t: fg.matmul(t, t), x)[1](1.0)[0],
    ],
)
def test_functions_that_differentiate_give_what_they_gave(program: Any) -> None:
    x = np.array([0.5, -1.0])
    wanted = np.asarray(program(x))
    with trace(graphs=100) as seen:
        assert same(np.asarray(program(x)), wanted)
    for one in seen.passes:
        if all(pull.upstream.shape == one.ops[pull.op].value.shape for pull in one.pulls):
            holds(one)  # in rows of a Jacobian, what is passed on has an axis more


def test_graphs_from_before_the_block_are_gone_through() -> None:
    x = leaf([1.0, 2.0], "x")
    h = fg.checkpoint(lambda t: fg.tanh(t * 2.0))(x) * x
    with trace() as seen:
        (h * h).sum().backward()
    (one,) = seen.passes
    agrees(one, [x])
    assert {op.op for op in one.ops} >= {"multiply", "tanh", "sum"}
    late = fg.exp(x)
    with trace() as seen:
        late.backward(np.ones(2))
    assert [op.op for op in seen.passes[0].ops] == ["exp"] and seen.passes[0].leaves[
        0
    ].name == "x"


def test_a_graph_outlives_the_step_of_another_optimizer() -> None:
    """As in a GAN: the generator goes back through what ran before the critic's step."""
    G, D = nn.Linear(2, 2, rng=RNG(0)), nn.Linear(2, 1, rng=RNG(1))
    first, second = fg.optim.SGD(D.parameters(), lr=0.1), fg.optim.SGD(G.parameters(), lr=0.1)
    with trace(graphs=2) as seen:
        fake = G(fg.Tensor(np.ones((3, 2), np.float32)))
        D(fake.detach()).sum().backward()
        first.step()
        first.zero_grad()
        D(fake).sum().backward()
        second.step()
    names = [{x.name for x in one.leaves} for one in seen.passes]
    assert len(names[1]) == 4 and len(seen.followed) == 4
    holds(seen.passes[1])
    by_name = {log.name: log.p for log in seen.followed}
    for name in names[1]:
        assert same(grad_of(seen.passes[1], name), by_name[name].grad.numpy())
