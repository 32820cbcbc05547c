"""Kernels that are no rules, against loops in plain Python and mpmath."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import Kernel, gather, matmul, reduce, rows, shape
from tests.readers_sample import DTYPES, MP

INF, NAN, HUGE = math.inf, math.nan, 1e308
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def numbers(seed: int, dims: Sequence[int], dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(dims).astype(dtype)


def exact(values: Any) -> list[Any]:
    return [MP.mpf(float(v)) for v in values]


# ---- folds --------------------------------------------------------------------------------
def log_sum_exp(values: Sequence[Any]) -> Any:
    return MP.log(sum(map(MP.exp, values)))


FOLDS: dict[str, tuple[Kernel, Callable[[list], Any]]] = {
    "sum": (reduce.sum_, sum),
    "mean": (reduce.mean, lambda values: sum(values) / len(values)),
    "max": (reduce.max_, max),
    "logsumexp": (rows.logsumexp, log_sum_exp),
}
LANES: dict[str, tuple[Kernel, Callable[[list], list]]] = {
    "softmax": (rows.softmax, lambda v: [MP.exp(x - log_sum_exp(v)) for x in v]),
    "log_softmax": (rows.log_softmax, lambda v: [x - log_sum_exp(v) for x in v]),
}
AXES = (None, 0, 1, -1, (0, 2), (2, 1), (0, 1, 2))


def groups(x: np.ndarray, axes: tuple[int, ...]) -> dict[tuple[int, ...], list[Any]]:
    """The elements that are folded into each place of the result, axes kept as length 1."""
    found: dict[Any, list[Any]] = {}
    for i in np.ndindex(x.shape):
        place = tuple(0 if k in axes else j for k, j in enumerate(i))
        found.setdefault(place, []).append(MP.mpf(float(x[i])))
    return found


def is_close(got: Any, want: Any, values: Sequence[Any]) -> bool:
    """A sum of n terms rounds n times, each time by less than half an ulp of their total."""
    eps = float(np.finfo(got.dtype).eps)
    return abs(MP.mpf(float(got)) - want) <= eps * len(values) * (1 + sum(map(abs, values)))


@every_dtype
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", FOLDS)
def test_folds_over_axes(name: str, axis: Any, keepdims: bool, dtype: str) -> None:
    fold, oracle = FOLDS[name]
    x = numbers(1, (3, 1, 5), dtype)  # an axis of length 1 must stay unless it is named
    y = fold(x, axis=axis, keepdims=keepdims)
    axes = tuple(k % 3 for k in (range(3) if axis is None else np.atleast_1d(axis)))
    kept = tuple(1 if k in axes else n for k, n in enumerate(x.shape))
    assert y.dtype == dtype
    assert y.shape == (kept if keepdims else tuple(np.delete(kept, axes)))
    for place, values in groups(x, axes).items():
        assert is_close(y.reshape(kept)[place], oracle(values), values)


@every_dtype
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", LANES)
def test_normalisers_along_an_axis(name: str, axis: int, dtype: str) -> None:
    normalise, oracle = LANES[name]
    x = 3 * numbers(2, (3, 4, 5), dtype)
    y = normalise(x, axis=axis)
    assert (y.dtype, y.shape) == (dtype, x.shape)
    lanes = (np.moveaxis(a, axis, -1).reshape(-1, x.shape[axis]) for a in (x, y))
    for lane, got in zip(*lanes, strict=True):
        values = exact(lane)
        for g, want in zip(got, oracle(values), strict=True):
            assert is_close(g, want, values)


@every_dtype
def test_cross_entropy_of_rows(dtype: str) -> None:
    x, labels = 3 * numbers(3, (3, 5), dtype), np.array([2, 2, 4], np.uint8)
    y = rows.cross_entropy(x, labels)
    assert (y.dtype, y.shape) == (dtype, (3,))
    for row, label, got in zip(x, labels, y, strict=True):
        values = exact(row)
        assert is_close(got, log_sum_exp(values) - values[label], values)


EXTREME = {
    "sum": "inf -inf = nan; 1e308 1e308 = inf; = 0",
    "mean": "-inf 1 = -inf; 1e308 1e308 = inf; = nan",
    "max": "-inf -inf = -inf; inf nan 0 = nan",
    "logsumexp": "-inf -inf = -inf; -inf 3 = 3; inf -inf 1 = inf; nan 0 = nan; "
    "1e308 1e308 = 1e308; -1e308 1e308 = 1e308; -1000 = -1000; = -inf",
    "softmax": "-inf 0 = 0 1; 1e308 -1e308 = 1 0; 999 999 = .5 .5; -inf -inf = nan nan; =",
    "log_softmax": "-inf 0 = -inf 0; 1e308 0 = 0 -1e308; =",
}


@pytest.mark.parametrize("name", EXTREME)
def test_extreme_inputs(name: str) -> None:
    for case in EXTREME[name].split(";"):
        values, expected = ([float(v) for v in side.split()] for side in case.split("="))
        got = {**FOLDS, **LANES}[name][0](np.array(values))
        assert np.array_equal(np.atleast_1d(got), expected, equal_nan=True), case


def test_cross_entropy_of_extreme_rows() -> None:
    logits = np.array([[-INF, 0.0], [-INF, 0.0], [HUGE, -HUGE], [1000.0, 1000.0]])
    y = rows.cross_entropy(logits, np.array([0, 1, 1, 0]))
    assert y.tolist() == [INF, 0.0, INF, math.log(2)]
    assert rows.cross_entropy(np.ones((0, 3)), np.zeros(0, int)).shape == (0,)


@pytest.mark.parametrize(("name", "of"), [("sum", 0.0), ("mean", NAN), ("logsumexp", -INF)])
def test_folds_of_empty_axes(name: str, of: float) -> None:
    y = FOLDS[name][0](np.ones((0, 3), "f4"), axis=0)
    assert np.array_equal(y, np.full(3, of, "f4"), equal_nan=True)
    assert y.dtype == np.float32
    assert FOLDS[name][0](np.ones((3, 0)), axis=0).shape == (0,)


def test_the_largest_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="zero-size array to reduction operation maximum"):
        reduce.max_(np.ones((0, 3)), axis=0)


def test_integers_and_truth_values() -> None:
    bytes_ = np.array([200, 100], np.uint8)
    assert reduce.sum_(np.array([True, True])) == 2
    assert reduce.mean(bytes_) == 150  # whose sum does not fit a byte
    assert reduce.mean(np.array([True, False])) == 0.5
    for fold in (rows.logsumexp, rows.softmax, rows.log_softmax):
        assert np.array_equal(fold(bytes_), fold(bytes_.astype("f8")))
    assert rows.logsumexp(np.array([-5, -7])) == rows.logsumexp(np.array([-5.0, -7.0]))


def test_norms_do_not_overflow_early() -> None:
    x, y = numbers(4, (3, 4), "float32"), numbers(5, (7,))
    squares = [Fraction(float(v)) ** 2 for a in (x, y) for v in a.flat]
    assert reduce.norm(x, y) == pytest.approx(math.sqrt(sum(squares)), rel=1e-15)
    assert reduce.distance([x, y], [x * 0, y * 0]) == reduce.norm(x, y)
    assert reduce.norm(np.array([1e154]), np.array([1e154])) == INF


# ---- picking and adding back --------------------------------------------------------------
MASK = np.array([True, False, True, True])
INDICES: dict[str, Any] = {
    "integer": np.int8(-1),
    "slice": slice(None, None, -2),
    "ellipsis": (..., 1),
    "new axis": (None, slice(1, 3)),
    "rows": np.array([1, 3]),
    "rows twice, and from the end": np.array([3, -1, 0, 0, -4]),
    "rows as bytes": np.array([2, 2, 0], np.uint8),
    "rows as short integers": np.array([-1, 3], np.int8),
    "no rows": np.zeros(0, int),
    "rows in rows": np.array([[0, 0], [1, 0]]),
    "elements twice": (np.array([0, 0, -4]), np.array([1, 1, -2])),
    "slice and rows": (slice(1, None), np.array([2, 2])),
    "mask": MASK,
    "mask and column": (MASK, 0),
    "mask of elements": np.arange(12).reshape(4, 3) % 5 == 0,
}


@every_dtype
@pytest.mark.parametrize("case", INDICES)
def test_getitem_and_index_add_are_transposes(case: str, dtype: str) -> None:
    index, x = INDICES[case], numbers(6, (4, 3), dtype)
    places = np.arange(12).reshape(4, 3)[index]
    assert gather.getitem(x, index=index).tolist() == x.ravel()[places].tolist()
    g = numbers(7, places.shape, dtype)
    y = gather.index_add(g, index=index, shape=(4, 3))
    assert (y.dtype, y.shape) == (dtype, (4, 3))
    for place in range(12):
        values = exact(g.ravel()[places.ravel() == place])
        assert is_close(y.ravel()[place], sum(values), values or [MP.zero])


def test_byte_indices_reach_all_rows_of_a_table_of_256() -> None:
    index = np.array([255, 0, 255], np.uint8)
    y = gather.index_add(np.ones((3, 1)), index=index, shape=(256, 1))
    assert np.flatnonzero(y).tolist() == [0, 255]
    assert y[[0, 255]].tolist() == [[1], [2]]


STARTS = ([0, 6], [0, 0, 6], [0, 3, 3, 6], [0, 6, 6], [0, 0, 2, 2, 2, 5, 6, 6], [0, 0, 0], [0])


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8])
@pytest.mark.parametrize("dims", [(), (2,), (2, 3)])
@pytest.mark.parametrize("starts", STARTS)
def test_segments_are_summed(starts: list[int], dims: tuple[int, ...], kind: type) -> None:
    x = numbers(8, (starts[-1], *dims), "float32")
    y = gather.segment_sum(x, starts=np.array(starts, kind))
    assert (y.dtype, y.shape) == (x.dtype, (len(starts) - 1, *dims))
    for k, (start, end) in enumerate(pairwise(starts)):
        for i in np.ndindex(dims):
            values = exact(x[(slice(start, end), *i)])
            assert is_close(y[(k, *i)], sum(values), values or [MP.zero])


# ---- moving and multiplying ---------------------------------------------------------------
X = np.arange(6.0).reshape(2, 3)
MOVES: list[tuple[Kernel, tuple, dict[str, Any], list, bool]] = [
    (shape.reshape, (X,), {"shape": (3, 2)}, [[0, 1], [2, 3], [4, 5]], True),
    (shape.transpose, (X,), {"axes": (1, 0)}, [[0, 3], [1, 4], [2, 5]], True),
    (shape.broadcast_to, (X[:1],), {"shape": (2, 3)}, [[0, 1, 2]] * 2, True),
    (shape.concat, (X, X[:, :1]), {"axis": 1}, [[0, 1, 2, 0], [3, 4, 5, 3]], False),
    (shape.stack, (X[0], X[1]), {"axis": 1}, [[0, 3], [1, 4], [2, 5]], False),
    (shape.astype, (X,), {"dtype": np.int8}, [[0, 1, 2], [3, 4, 5]], False),
    (shape.copy, (X,), {}, X.tolist(), False),
    (shape.zeros_like, (X,), {}, [[0, 0, 0], [0, 0, 0]], False),
    (gather.one_hot, ([1, 0],), {"like": X}, [[0, 1, 0], [1, 0, 0]], False),
]


@pytest.mark.parametrize("case", MOVES)
def test_moves(case: tuple) -> None:
    move, arrays, params, expected, is_view = case
    y = move(*arrays, **params)
    assert y.tolist() == expected
    assert np.shares_memory(y, X) == is_view
    assert y.dtype == params.get("dtype", np.float64)


@every_dtype
@pytest.mark.parametrize("dims", [[(2, 3), (3, 4)], [(5, 1, 2, 3), (4, 3, 2)]])
def test_matmul_is_sums_of_products(dims: list, dtype: str) -> None:
    a, b = (numbers(k, d, dtype) for k, d in enumerate(dims))
    y = matmul.matmul(a, b)
    assert y.dtype == dtype
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (np.broadcast_to(m, (*lead, *m.shape[-2:])) for m in (a, b))
    for *i, r, c in np.ndindex(y.shape):
        terms = [p * q for p, q in zip(exact(a[(*i, r)]), exact(b[(*i, slice(None), c)]))]
        assert is_close(y[(*i, r, c)], sum(terms), terms or [MP.zero])
