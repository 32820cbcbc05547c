"""Every op that is no row: value, gradients of both orders, dtypes, ties, masks, empties.

A new op must get a case in `cases/`; what each op refuses stands in `test_tensor.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import OPS, ROWS, Tensor
from fusegrad.engine.backward import backpropagate
from fusegrad.kernels import observe
from tests import ops_sample as sample
from tests.cases import CASES, OPERATIONS
from tests.ops_sample import Provenance, error, leaf

EPS = float(np.finfo(np.float64).eps)
VALUE = 16 * EPS  # sums of at most 12 terms of size 1, and exp or log of them

EACH = pytest.mark.parametrize(("op", "shapes", "params"), CASES, ids=str)


def test_every_structural_op_has_a_case() -> None:
    assert OPERATIONS.keys() == OPS.keys() - ROWS.keys()
    assert all(known.uses for known in OPERATIONS.values())


@EACH
def test_value_equals_the_oracle(op: str, shapes: Any, params: Any) -> None:
    call, oracle, args = OPERATIONS[op].call, OPERATIONS[op].oracle, OPERATIONS[op].draw(shapes)
    wanted = np.asarray(oracle(*map(sample.exact, args), *params)).astype(np.float64)
    assert error(call(*map(Tensor, args), *params), wanted) <= VALUE
    assert np.array_equal(call(*args, *params), call(*map(Tensor, args), *params))


@EACH
def test_gradients_of_both_orders_equal_differences(op: str, shapes: Any, params: Any) -> None:
    call, args = OPERATIONS[op].call, OPERATIONS[op].draw(shapes)
    fg.gradcheck(lambda *x: call(*x, *params), *args, order=2)
    if args[0].size:  # a second time through a curve, where the op itself is linear
        fg.gradcheck(lambda *x: fg.sin(call(*(v * v for v in x), *params)), *args, order=2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@EACH
def test_no_kernel_leaves_the_dtype(op: str, shapes: Any, params: Any, dtype: Any) -> None:
    args, seen = [leaf(a, dtype) for a in OPERATIONS[op].draw(shapes)], set()
    with observe(lambda kernel, args, params, y: seen.add(y.dtype)):
        y = OPERATIONS[op].call(*args, *params)
        y.backward(np.ones(y.shape))
    assert y.dtype == (dtype if op != "astype" else params[0])
    assert op == "astype" or {d for d in seen if d.kind == "f"} <= {np.dtype(dtype)}
    assert [(a.grad.shape, a.grad.dtype) for a in args] == [(a.shape, dtype) for a in args]


@pytest.mark.parametrize("create_graph", [False, True])
@EACH
def test_an_op_computes_through_kernels_only(
    op: str, shapes: Any, params: Any, create_graph: bool
) -> None:
    args = [leaf(a) for a in OPERATIONS[op].draw(shapes)]
    with observe(watch := Provenance(*params, *(a.data for a in args))):
        y = OPERATIONS[op].call(*args, *params)
        watch.demand(y.data, "the op returns")
        seed = np.ones(y.shape)
        watch.known.append(seed)
        g: Any = Tensor._of(seed) if create_graph else seed
        for gradient in backpropagate([y.node], [g], create_graph=create_graph).values():
            watch.demand(getattr(gradient, "data", gradient), "backward returns")


# ---- ties, infinities, nothing at all -------------------------------------------------------
inf, nan = np.inf, np.nan
GRADIENTS: list[tuple[str, Callable[..., Any], Any, Any]] = [
    ("ties share", fg.max, [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    (
        "ties share along an axis",
        lambda x: fg.max(x, 0),
        [[1.0, 2], [1, 0]],
        [[0.5, 1], [0.5, 0]],
    ),
    ("a mask of -inf", fg.max, [-inf, 1.0, -inf], [0, 1, 0]),
    ("inf is largest", fg.max, [inf, 1.0], [1, 0]),
    ("nan stays visible", fg.max, [nan, 1.0], [nan, nan]),
    ("a mask of -inf", fg.logsumexp, [-inf, 1.0, 1.0], [0, 0.5, 0.5]),
    ("no overflow", fg.logsumexp, [1e4, 1e4], [0.5, 0.5]),
    ("a mask of -inf", lambda x: fg.log_softmax(x)[1:], [-inf, 1.0, 1.0], [0, 0, 0]),
    ("a mask of -inf", lambda x: fg.softmax(x)[1], [-inf, 1.0, 1.0], [0, 0.25, -0.25]),
    ("no overflow", lambda x: fg.softmax(x)[0], [1e4, -1e4], [0, 0]),
    (
        "a mask of -inf",
        lambda x: fg.cross_entropy(x, [1]),
        [[-inf, 1.0, 1.0]],
        [[0, -0.5, 0.5]],
    ),
    ("an element picked twice", lambda x: x[[0, 0, 1]], [1.0, 1.0], [2, 1]),
    ("a Tensor picks", lambda x: x[Tensor([1, 1])], [1.0, 1.0], [0, 2]),
    ("rounding passes nothing", lambda x: x + x.astype(int), [1.5, 2.5], [1, 1]),
    ("nothing to average", lambda x: fg.mean(x, 1), np.zeros((2, 0)), np.zeros((2, 0))),
]


@pytest.mark.parametrize(("what", "f", "at", "gradient"), GRADIENTS)
def test_gradient_where_it_could_go_wrong(what: str, f: Any, at: Any, gradient: Any) -> None:
    got = fg.grad(lambda x: f(x).sum())(np.asarray(at))  # 1e4 is known to 1e4 * EPS at best
    assert np.allclose(got.numpy(), gradient, rtol=0, atol=1e4 * EPS, equal_nan=True), what


def test_an_int8_index_reaches_beyond_its_own_range_from_the_end() -> None:
    x = leaf(np.zeros(300))
    x[np.array([-1, -1, 3], np.int8)].sum().backward()
    assert np.flatnonzero(x.grad).tolist() == [3, 299] and x.grad[299].item() == 2


VALUES: list[tuple[Callable[[], Any], Any, Any]] = [
    (lambda: fg.sum(Tensor([True, True])), 2, np.int64),
    (lambda: fg.mean(Tensor(np.full(9, 200, np.uint8))), 200.0, np.float64),
    (lambda: fg.sum(Tensor(np.ones((2, 3))), np.int64(-1)), [3.0, 3.0], np.float64),
    (lambda: fg.mean(Tensor(np.zeros(0))), nan, np.float64),
    (lambda: fg.logsumexp(Tensor(np.zeros((2, 0))), 1), [-inf, -inf], np.float64),
    (lambda: fg.logsumexp(Tensor([1e4, 1e4])), 1e4 + np.log(2), np.float64),
    (lambda: fg.logsumexp(Tensor([0, 0])), np.log(2), np.float64),
    (lambda: fg.softmax(Tensor([1, 1])), [0.5, 0.5], np.float64),
    (lambda: fg.concat([[1.0], [2.0, 3.0]]), [1.0, 2.0, 3.0], np.float64),
    (lambda: Tensor([1.7, -1.7]).astype(int), [1, -1], np.int64),
]


@pytest.mark.parametrize(("f", "value", "dtype"), VALUES)
def test_value_and_dtype_at_the_edges(f: Any, value: Any, dtype: Any) -> None:
    y = np.asarray(f())
    assert y.dtype == dtype and np.array_equal(y, value, equal_nan=True)


def test_joined_pieces_get_their_gradients_in_their_own_dtype() -> None:
    for join in (fg.concat, fg.stack):
        pieces = [leaf([1.0], np.float32), leaf([2.0], np.float64)]
        y = join(pieces)
        y.sum().backward()
        assert y.dtype == np.float64
        assert [p.grad.dtype for p in pieces] == [np.float32, np.float64]
