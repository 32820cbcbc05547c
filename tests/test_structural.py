"""Every op that is no row: value, gradients of both orders, dtypes, ties, masks, empties.

A new op must get a line in `OPERATIONS`; what each op refuses stands in `test_tensor.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import OPS, ROWS, Tensor
from fusegrad.engine.backward import backpropagate
from fusegrad.engine.indexing import getitem, segment_sum
from fusegrad.engine.shaping import astype
from fusegrad.engine.tape import apply
from fusegrad.kernels import observe
from tests import ops_sample as sample
from tests.ops_sample import Provenance, error, leaf

EPS = float(np.finfo(np.float64).eps)
VALUE = 16 * EPS  # sums of at most 12 terms of size 1, and exp or log of them
Use = tuple[tuple[tuple[int, ...], ...], tuple[Any, ...]]  # shapes of the Tensors, parameters


# ---- the table: op -> how it is called, its oracle, and its uses ----------------------------
A, B = (2, 3, 2), (2, 3)
FOLD = [
    ((s,), (a, k))
    for k in (False, True)
    for s, a in [
        (A, None),
        (A, 0),
        (A, -1),
        (A, (0, 2)),
        (A, (-1, 0)),
        (A, ()),
        ((), None),
        ((0, 2), 1),
    ]
]
FILLED = [
    use for use in FOLD if 0 not in use[0][0]
]  # an empty maximum is refused, log 0 is -inf
ALONG = [((s,), (a,)) for s, a in [((3,), -1), (B, 0), (A, -2), ((0, 2), 1), ((2, 1), 1)]]
INDICES: list[tuple[tuple[int, ...], Any]] = [
    *(((4,), i) for i in (1, -1, np.int64(2), slice(None, None, 2), slice(None, None, -1))),
    *(((4,), i) for i in (slice(3, 0, -2), slice(1, 1), None, ..., True, [2, 0, 2, 2], [])),
    *(((4,), np.array(i)) for i in ([[0, -1], [-1, 0]], [True, False, True, True])),
    *(((4,), np.array([1, -1, 1], kind)) for kind in (np.int8, np.int64)),
    *(((3, 2), (slice(None), i)) for i in (1, slice(None, None, -1), [1, 1], None)),
    *(((3, 2), i) for i in ((..., -1), (None, ..., None, 0), ([0, 2, 0], [1, 1, 1]))),
    *(((3, 2), i) for i in (([[0], [2]], [1, 0]), ([0, 0], slice(1, None)), (1, ...))),
    *(((3, 2), i) for i in (np.arange(6).reshape(3, 2) % 4 > 0, ([True, False, True], 1))),
    *((A, i) for i in (([0, 1, 0], slice(None), [1, 1, 0]), (1, ..., [0, 0]))),
    *(((), i) for i in ((), None, ...)),
    *(((0, 2), i) for i in (slice(None), (slice(None), 1), [])),
]
PRODUCTS = [
    (B, (3, 2)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    (B, (3,)),
    ((2, *B), (3, 2)),
    (B, A),
    ((2, 1, 1, 3), A),
    ((1, *B), (2, 3, 1)),
    ((3,), A),
    ((2, *B), (3,)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    (B, (3, 0)),
]
OPERATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any], list[Use]]] = {
    "sum": (fg.sum, lambda x, a, k: x.sum(a, keepdims=k), FOLD),
    "mean": (fg.mean, sample.mean, FOLD),
    "max": (fg.max, lambda x, a, k: x.max(a, keepdims=k), FILLED),
    "logsumexp": (fg.logsumexp, sample.logsumexp, FILLED),
    "softmax": (fg.softmax, sample.softmax, ALONG),
    "log_softmax": (fg.log_softmax, lambda x, a: sample.log(sample.softmax(x, a)), ALONG),
    "reshape": (fg.reshape, lambda x, t: x.reshape(t), [((s,), (t,)) for s, t in [
        (B, (3, 2)), (B, (-1,)), (B, 6), ((), (1, 1)), ((0, 2), (2, 0))]]),
    "transpose": (fg.transpose, lambda x, a: x.transpose(a), [((s,), (a,)) for s, a in [
        (B, None), (A, (2, 0, 1)), (A, (-1, 0, -2)), ((), None), ((0, 2), (1, 0))]]),
    "broadcast_to": (fg.broadcast_to, np.broadcast_to, [((s,), (t,)) for s, t in [
        ((2, 1), (3, 2, 2)), ((), (2,)), ((1,), (0,)), ((2,), (2,)), ((1, 1), B)]]),
    "concat": (lambda *x: fg.concat(x[:-1], x[-1]), lambda *x: np.concatenate(x[:-1], x[-1]), [
        (((2,), (3,)), (0,)), (((2, 1), (2, 2), (2, 1)), (-1,)), ((B,), (1,)),
        (((0, 2), (1, 2)), (0,))]),
    "stack": (lambda *x: fg.stack(x[:-1], x[-1]), lambda *x: np.stack(x[:-1], x[-1]), [
        (((2,), (2,)), (0,)), ((B, B), (-1,)), (((), (), ()), (0,)), (((0,), (0,)), (1,))]),
    "getitem": (getitem, lambda x, i: x[i], [((s,), (i,)) for s, i in INDICES]),
    "index_add": (lambda x, i, t: apply(OPS["index_add"], x, index=i, shape=t), sample.added, [
        (((2,),), (slice(0, 4, 2), (4,))), (((3, 2),), (np.array([1, -1, 1]), (3, 2))),
        (((2,),), ((np.array([0, 0]), np.array([1, 1])), (1, 2)))]),
    "segment_sum": (segment_sum, sample.segments, [((s,), (k,)) for s, k in [
        ((4,), [0, 1, 1, 4]), ((3, 2), [0, 0, 3, 3]), ((0, 2), [0, 0]), ((2,), [0, 2])]]),
    "matmul": (fg.matmul, sample.product, [((a, b), ()) for a, b in PRODUCTS]),
    "cross_entropy": (fg.cross_entropy, sample.loss, [((s,), (np.array(k), how)) for s, k in [
        ((3, 2), [1, 0, 1]), ((1, 1), [0])] for how in ("mean", "sum", "none")]),
    "astype": (astype, lambda x, _: x, [((B,), (np.float64,))]),
    "identity": (lambda x: apply(OPS["identity"], x), lambda x: x, [((B,), ())]),
}  # fmt: skip
CASES = [(op, *use) for op, (_, _, uses) in OPERATIONS.items() for use in uses]
EACH = pytest.mark.parametrize(("op", "shapes", "params"), CASES, ids=str)


def numbers(shapes: tuple[tuple[int, ...], ...]) -> list[np.ndarray]:
    """Numbers between -1.5 and 1.4, of which no two tie, nor their squares."""
    rng = np.random.default_rng(7)
    return [rng.permutation(np.linspace(-1.5, 1.4, int(np.prod(s)))).reshape(s) for s in shapes]


def test_every_structural_op_has_a_case() -> None:
    assert OPERATIONS.keys() == OPS.keys() - ROWS.keys()
    assert all(uses for _, _, uses in OPERATIONS.values())


@EACH
def test_value_equals_the_oracle(op: str, shapes: Any, params: Any) -> None:
    call, oracle, _ = OPERATIONS[op]
    args = numbers(shapes)
    wanted = np.asarray(oracle(*map(sample.exact, args), *params)).astype(np.float64)
    assert error(call(*map(Tensor, args), *params), wanted) <= VALUE
    assert np.array_equal(call(*args, *params), call(*map(Tensor, args), *params))


@EACH
def test_gradients_of_both_orders_equal_differences(op: str, shapes: Any, params: Any) -> None:
    call, args = OPERATIONS[op][0], numbers(shapes)
    fg.gradcheck(lambda *x: call(*x, *params), *args, order=2)
    if args[0].size:  # a second time through a curve, where the op itself is linear
        fg.gradcheck(lambda *x: fg.sin(call(*(v * v for v in x), *params)), *args, order=2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@EACH
def test_no_kernel_leaves_the_dtype(op: str, shapes: Any, params: Any, dtype: Any) -> None:
    args, seen = [leaf(a, dtype) for a in numbers(shapes)], set()
    with observe(lambda kernel, args, params, y: seen.add(y.dtype)):
        y = OPERATIONS[op][0](*args, *params)
        y.backward(np.ones(y.shape))
    assert y.dtype == (dtype if op != "astype" else params[0])
    assert op == "astype" or {d for d in seen if d.kind == "f"} <= {np.dtype(dtype)}
    assert [(a.grad.shape, a.grad.dtype) for a in args] == [(a.shape, dtype) for a in args]


@pytest.mark.parametrize("create_graph", [False, True])
@EACH
def test_an_op_computes_through_kernels_only(
    op: str, shapes: Any, params: Any, create_graph: bool
) -> None:
    args = [leaf(a) for a in numbers(shapes)]
    with observe(watch := Provenance(*params, *(a.data for a in args))):
        y = OPERATIONS[op][0](*args, *params)
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
