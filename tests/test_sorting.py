"""Order, and norms that are made of other ops: values, gradients, dtypes, equals and nan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.ops.norms import norm
from fusegrad.engine.ops.sorting import argsort, median, sort, topk
from tests import ops_sample as sample
from tests.cases import numbers
from tests.cases.reductions import size_in_torch
from tests.ops_sample import error, leaf
from tests.test_reductions import agree

EPS = float(np.finfo(np.float64).eps)
inf, nan = np.inf, np.nan
A = (2, 3, 4)


# ---- what is composed of ops ----------------------------------------------------------------
def middle(x: Any) -> Any:
    x = np.sort(x.reshape(-1))
    return (x[(len(x) - 1) // 2] + x[len(x) // 2]) / 2


def layers(x: Any) -> Any:
    return np.array([middle(x[:, i]) for i in range(x.shape[1])])


Composed = tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any], tuple[int, ...]]
COMPOSED: dict[str, Composed] = {
    "norm 1": (lambda x: norm(x, 1, (0, -1)), lambda x: abs(x).sum((0, -1)),
               lambda t, x: size_in_torch(t, x, (0, -1), False, 1), A),
    "norm inf": (lambda x: norm(x, inf, -2, True), lambda x: abs(x).max(-2, keepdims=True),
                 lambda t, x: size_in_torch(t, x, -2, True, inf), A),
    "sort": (lambda x: sort(x, 1), lambda x: np.sort(x, 1), lambda t, x: x.sort(1)[0], A),
    "sort one": (lambda x: sort(x, 0, True), lambda x: x, lambda t, x: x * 1, (1, 2)),
    "sort none": (lambda x: sort(x, 0), lambda x: x, lambda t, x: x * 1, (0, 2)),
    "sort flat": (lambda x: sort(x, None), lambda x: np.sort(x, None),
                  lambda t, x: x.reshape(-1).sort()[0], A),
    "sort down": (lambda x: sort(x, descending=True), lambda x: np.sort(x)[..., ::-1],
                  lambda t, x: x.sort(descending=True)[0], A),
    "topk": (lambda x: topk(x, 2, 0)[0], lambda x: np.sort(x, 0)[:0:-1],
             lambda t, x: x.topk(2, 0)[0], (3, 2)),
    "topk low": (lambda x: topk(x, 3, largest=False).values, lambda x: np.sort(x)[..., :3],
                 lambda t, x: x.topk(3, largest=False)[0], A),
    "topk none": (lambda x: topk(x, 0).values, lambda x: x[..., :0],
                  lambda t, x: x.topk(0)[0], A),
    "median": (median, middle, lambda t, x: x.quantile(0.5), A),
    "median odd": (lambda x: median(x, 0), layers, lambda t, x: x.quantile(0.5, 0), (3, 2)),
    "median kept": (lambda x: median(x, (-1, 0), True), lambda x: layers(
        x.transpose(0, 2, 1).reshape(-1, 3)).reshape(1, 3, 1),
        lambda t, x: x.transpose(1, 2).reshape(-1, 3).quantile(0.5, 0).reshape(1, 3, 1), A),
}  # fmt: skip
EACH = pytest.mark.parametrize("name", COMPOSED)


@EACH
def test_a_composed_function_equals_the_oracle_and_torch(name: str) -> None:
    ours, oracle, theirs, shape = COMPOSED[name]
    x = numbers((shape,))[0]
    wanted = np.asarray(oracle(sample.exact(x))).astype(np.float64)
    assert error(ours(Tensor(x)), wanted) <= 16 * EPS
    raw = ours(x)
    assert isinstance(raw, np.ndarray) and np.array_equal(raw, ours(Tensor(x)))
    agree(ours, theirs, [x])


@EACH
def test_a_composed_function_has_the_gradients_of_its_values(name: str) -> None:
    ours, _, _, shape = COMPOSED[name]
    x = numbers((shape,))[0]
    fg.gradcheck(lambda x: ours(fg.sin(x * x)), x, order=2)
    rows = fg.jacobian(ours)(x)
    assert error(rows, fg.jacobian(ours, mode="forward")(x)) == 0
    for dtype in (np.float16, np.float32):
        y = ours(given := leaf(x, dtype))
        y.sum().backward()
        assert y.dtype == given.grad.dtype == dtype


GRADIENTS: list[tuple[str, Callable[..., Any], Any, Any]] = [
    ("equals keep their order", lambda x: sort(x)[1], [2.0, 1.0, 1.0], [0, 0, 1]),
    ("equals keep it falling", lambda x: sort(x, 0, True)[1], [1.0, 2.0, 2.0], [0, 0, 1]),
    ("the first of equals", lambda x: topk(x, 1)[0], [1.0, 2.0, 2.0], [0, 1, 0]),
    ("the first of equals", lambda x: topk(x, 1, 0, False)[0], [2.0, 1.0, 1.0], [0, 1, 0]),
    ("the middle two", median, [4.0, 1.0, 9.0, 2.0], [0.5, 0, 0, 0.5]),
    ("no overflow of two", lambda x: median(x) / 2.0, [inf, 1.0, -inf], [0, 0.5, 0]),
]


@pytest.mark.parametrize(("what", "f", "at", "gradient"), GRADIENTS)
def test_gradient_where_equals_meet(what: str, f: Any, at: Any, gradient: Any) -> None:
    got = fg.grad(lambda x: f(x).sum())(np.array(at)).numpy()
    assert np.array_equal(got, gradient), what


def test_nan_is_the_largest_in_order_and_takes_the_median() -> None:
    x = np.array([nan, 2.0, nan, -inf, inf])
    assert argsort(x).tolist() == [3, 1, 4, 0, 2]
    assert argsort(x, descending=True).tolist() == [0, 2, 4, 1, 3]
    assert np.isnan(topk(x, 2).values).all() and topk(x, 2).indices.tolist() == [0, 2]
    assert np.isnan(median(x)) and median(np.array([[1.0, inf], [nan, 0.0]]), 1)[0] == inf
