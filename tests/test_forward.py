"""Forward mode: jvp against vjp for every op, and every order of forward and reverse."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import ROWS, Tensor
from tests.cases import CASES, OPERATIONS
from tests.ops_sample import error
from tests.rows_sample import TRUTHS, drawn

EPS = float(np.finfo(np.float64).eps)
TRANSPOSED = 1e-12  # <u, J v> and <J^T u, v>: two sums of the same products, in two orders
SAME = 1e-12  # two ways to one derivative, a few dozen roundings each
EACH = pytest.mark.parametrize(("op", "shapes", "params"), CASES, ids=str)
FLOATS = [n for n in ROWS if n not in TRUTHS]


def called(op: str, shapes: Any, params: Any) -> tuple[Callable[..., Any], list[np.ndarray]]:
    """A case as a function of its arrays, and those."""
    known = OPERATIONS[op]
    return lambda *args: known.call(*args, *params), known.draw(shapes)


def assert_transposed(f: Callable[..., Any], args: list[np.ndarray]) -> None:
    """<u, J v> = <J^T u, v> for random u and v."""
    rng = np.random.default_rng(3)
    v = [rng.standard_normal(a.shape) for a in args]
    y, jv = fg.jvp(f, args, v)
    u = rng.standard_normal(y.shape)
    value, pullback = fg.vjp(f, *args)
    terms = [u * jv.numpy(), *(g.numpy() * t for g, t in zip(pullback(u), v))]
    size = max(1.0, *(float(abs(t).sum()) for t in terms))
    difference = float(terms[0].sum()) - sum(float(t.sum()) for t in terms[1:])
    assert np.array_equal(y, value, equal_nan=True)
    assert abs(difference) <= TRANSPOSED * size


@EACH
def test_jvp_is_the_transpose_of_vjp(op: str, shapes: Any, params: Any) -> None:
    assert_transposed(*called(op, shapes, params))


@pytest.mark.parametrize("name", FLOATS)
def test_jvp_is_the_transpose_of_vjp_for_a_row(name: str) -> None:
    rng = np.random.default_rng(5)
    args = drawn(name, rng, 6)
    assert_transposed(ROWS[name].function, args)
    if len(args) > 1:  # which broadcast
        shapes = [(2, 3), (3,), (2, 1)][: len(args)]
        assert_transposed(
            ROWS[name].function, [a[: int(np.prod(s))].reshape(s) for a, s in zip(args, shapes)]
        )


@EACH
def test_all_rows_at_once_all_columns_and_one_row_at_a_time_agree(
    op: str, shapes: Any, params: Any
) -> None:
    f, args = called(op, shapes, params)
    everything = tuple(range(len(args)))
    rows = fg.jacobian(f, everything)(*args)
    columns = fg.jacobian(f, everything, mode="forward")(*args)
    y, pullback = fg.vjp(f, *args)
    unit = np.eye(y.size).reshape(y.size, *y.shape)
    singly = [pullback(u) for u in unit]
    for i, a in enumerate(args):
        assert rows[i].shape == columns[i].shape == (*y.shape, *a.shape)
        assert error(rows[i], columns[i]) <= SAME
        one = np.array([g[i].numpy() for g in singly]).reshape(rows[i].shape)
        assert error(rows[i], one) <= SAME


@EACH
def test_second_derivatives_agree_in_every_order(op: str, shapes: Any, params: Any) -> None:
    f, args = called(op, shapes, params)
    rng = np.random.default_rng(9)
    y = f(*map(Tensor, args))
    weights, v = rng.standard_normal(y.shape), [rng.standard_normal(a.shape) for a in args]

    def loss(*x: Any) -> Any:
        return (fg.sin(f(*x)) * weights).sum()

    everything = tuple(range(len(args)))
    gradient = fg.grad(loss, everything)

    def along(*x: Any) -> Any:
        return fg.jvp(loss, x, v)[1]

    def against(*x: Any) -> Any:
        terms = [(g * t).sum() for g, t in zip(gradient(*x), v)]
        return sum(terms[1:], terms[0])

    over_reverse = fg.jvp(gradient, args, v)[1]
    over_forward = fg.grad(along, everything)(*args)
    twice_reverse = fg.grad(against, everything)(*args)
    for ways in zip(over_reverse, over_forward, twice_reverse):
        for one, other in itertools.pairwise(ways):
            assert error(one, other) <= SAME * max(1, abs(np.asarray(one)).max(initial=0))


def test_the_hessian_of_a_network_is_one_matrix_whichever_way_it_is_taken() -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((6, 4)), np.array([0, 1, 2, 0, 1, 2])
    p = {"w": rng.standard_normal((4, 5)), "v": rng.standard_normal((5, 3)), "b": np.ones(3)}

    def loss(p: Any) -> Any:
        scores = fg.tanh(x @ p["w"]) @ p["v"] + p["b"]
        return fg.cross_entropy(scores, labels) + fg.norm(p["w"]) * fg.softmax(p["b"])[0]

    rows, columns = fg.hessian(loss)(p), fg.hessian(loss, mode="forward")(p)
    v = {k: rng.standard_normal(a.shape) for k, a in p.items()}
    along = fg.hvp(loss, p, v)
    for i in p:
        for j in p:
            assert error(rows[i][j], columns[i][j]) <= SAME
            order = (*range(p[i].ndim, p[i].ndim + p[j].ndim), *range(p[i].ndim))
            assert (
                error(rows[i][j], np.transpose(rows[j][i].numpy(), np.argsort(order))) <= SAME
            )
        terms = [np.tensordot(rows[i][j].numpy(), v[j], v[j].ndim) for j in p]
        assert error(along[i], sum(terms)) <= SAME


# ---- towers, and what lies outside ----------------------------------------------------------
def third(x: Any) -> Any:
    return fg.sin(x) * x**3


def by_jvp(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: fg.jvp(f, (x,), (1.0,))[1]


WAYS = list(itertools.product([fg.grad, by_jvp], repeat=3))


@pytest.mark.parametrize("ways", WAYS)
def test_three_derivatives_in_any_order_are_one_number(ways: Any) -> None:
    f: Callable[..., Any] = third
    for differentiate in ways:
        f = differentiate(f)
    x = 0.7
    wanted = (6 - 9 * x * x) * np.sin(x) + (18 * x - x**3) * np.cos(x)
    assert error(f(x), wanted) <= 16 * EPS


def test_a_tangent_of_one_level_is_not_taken_for_that_of_another() -> None:
    inner = lambda x: by_jvp(lambda y: x + y)(1.0)  # noqa: E731
    assert by_jvp(lambda x: x * inner(x))(1.0).item() == 1.0


def test_a_tangent_reaches_a_captured_value_and_its_graph() -> None:
    w = fg.Tensor(3.0, requires_grad=True)
    y, slope = fg.jvp(lambda x: w * x * x, (2.0,), (1.0,))
    slope.backward(retain_graph=True)
    assert (y.item(), slope.item(), w.grad.item()) == (12.0, 12.0, 4.0)


def test_detach_stops_a_tangent_and_integers_carry_none() -> None:
    def f(x: Any) -> Any:
        return {"stopped": x.detach() * x, "whole": x.astype(int), "truth": x > 1}

    y, t = fg.jvp(f, ([2.0, 3.0],), ([1.0, 1.0],))
    assert y["whole"].numpy().tolist() == [2, 3] and not y["whole"].requires_grad
    assert [v.numpy().tolist() for v in t.values()] == [[2, 3], [0, 0], [0, 0]]


def test_trees_go_in_and_come_out() -> None:
    tree = {"a": np.array([1.0, 2.0]), "b": [np.array(3.0), None]}
    _, t = fg.jvp(lambda p: (p["a"] * p["b"][0], [p["a"]]), (tree,), (tree,))
    assert [v.numpy().tolist() for v in (t[0], *t[1])] == [[6.0, 12.0], [1.0, 2.0]]
    J = fg.jacobian(lambda p: (p["a"] * p["b"][0], [p["a"]]))(tree)
    assert J[0]["a"].numpy().tolist() == [[3, 0], [0, 3]] and J[0]["b"][1] is None
    assert J[1][0]["b"][0].numpy().tolist() == [0, 0]
