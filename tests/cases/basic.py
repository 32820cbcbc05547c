"""The ops that everything else is made of: folding, moving and picking elements, products."""

from __future__ import annotations

from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad.engine import OPS
from fusegrad.engine.ops.indexing import getitem, segment_sum
from fusegrad.engine.ops.shaping import astype
from fusegrad.engine.tape import apply
from tests import ops_sample as sample
from tests.cases.operation import Operation

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
OPERATIONS: dict[str, Operation] = {
    "sum": Operation(fg.sum, lambda x, a, k: x.sum(a, keepdims=k), FOLD),
    "mean": Operation(fg.mean, sample.mean, FOLD),
    "max": Operation(fg.max, lambda x, a, k: x.max(a, keepdims=k), FILLED),
    "logsumexp": Operation(fg.logsumexp, sample.logsumexp, FILLED),
    "softmax": Operation(fg.softmax, sample.softmax, ALONG),
    "log_softmax": Operation(
        fg.log_softmax, lambda x, a: sample.log(sample.softmax(x, a)), ALONG),
    "reshape": Operation(fg.reshape, lambda x, t: x.reshape(t), [((s,), (t,)) for s, t in [
        (B, (3, 2)), (B, (-1,)), (B, 6), ((), (1, 1)), ((0, 2), (2, 0))]]),
    "transpose": Operation(
        fg.transpose, lambda x, a: x.transpose(a), [((s,), (a,)) for s, a in [
        (B, None), (A, (2, 0, 1)), (A, (-1, 0, -2)), ((), None), ((0, 2), (1, 0))]]),
    "broadcast_to": Operation(fg.broadcast_to, np.broadcast_to, [((s,), (t,)) for s, t in [
        ((2, 1), (3, 2, 2)), ((), (2,)), ((1,), (0,)), ((2,), (2,)), ((1, 1), B)]]),
    "concat": Operation(
        lambda *x: fg.concat(x[:-1], x[-1]), lambda *x: np.concatenate(x[:-1], x[-1]), [
        (((2,), (3,)), (0,)), (((2, 1), (2, 2), (2, 1)), (-1,)), ((B,), (1,)),
        (((0, 2), (1, 2)), (0,))]),
    "stack": Operation(lambda *x: fg.stack(x[:-1], x[-1]), lambda *x: np.stack(x[:-1], x[-1]), [
        (((2,), (2,)), (0,)), ((B, B), (-1,)), (((), (), ()), (0,)), (((0,), (0,)), (1,))]),
    "getitem": Operation(getitem, lambda x, i: x[i], [((s,), (i,)) for s, i in INDICES]),
    "index_add": Operation(
        lambda x, i, t: apply(OPS["index_add"], x, index=i, shape=t), sample.added, [
        (((2,),), (slice(0, 4, 2), (4,))), (((3, 2),), (np.array([1, -1, 1]), (3, 2))),
        (((2,),), ((np.array([0, 0]), np.array([1, 1])), (1, 2)))]),
    "segment_sum": Operation(segment_sum, sample.segments, [((s,), (k,)) for s, k in [
        ((4,), [0, 1, 1, 4]), ((3, 2), [0, 0, 3, 3]), ((0, 2), [0, 0]), ((2,), [0, 2])]]),
    "matmul": Operation(fg.matmul, sample.product, [((a, b), ()) for a, b in PRODUCTS]),
    "cross_entropy": Operation(
        fg.cross_entropy, sample.loss, [((s,), (np.array(k), how)) for s, k in [
        ((3, 2), [1, 0, 1]), ((1, 1), [0])] for how in ("mean", "sum", "none")]),
    "astype": Operation(astype, lambda x, _: x, [((B,), (np.float64,))]),
    "to": Operation(
        lambda x: apply(OPS["to"], x, device="cpu", back="cpu"), lambda x: x, [((B,), ())]
    ),
    "identity": Operation(lambda x: apply(OPS["identity"], x), lambda x: x, [((B,), ())]),
}  # fmt: skip
