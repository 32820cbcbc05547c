"""Pools: a fold of every window, also where elements tie, are missing, or are no numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from tests.cases.windows import padded, shown
from tests.ops_sample import error, exact, leaf
from tests.test_conv import CLOSE, EPS, numbers, some


def pooled(
    x: np.ndarray, fold: Any, size: Any, stride: Any, pads: Any, fill: Any
) -> np.ndarray:
    """A fold of every window, of 50-digit numbers; None is filled in and left out again."""
    seen = shown(padded(exact(x), pads, fill), size, stride, (1,) * len(size))
    n = len(size)
    lead = seen.ndim - 2 * n
    y = np.empty((*seen.shape[:lead], *seen.shape[lead + n :]), object)
    for i in np.ndindex(y.shape):
        within = seen[(*i[:lead], *(slice(None),) * n, *i[lead:])].ravel()
        y[i] = fold([v for v in within if v != fill])
    return numbers(y)


def average(values: list[Any]) -> Any:
    return sum(values) / len(values)


@pytest.mark.parametrize(("size", "stride", "pads"), [
    ((2,), (2,), [(0, 0)]), ((3,), (1,), [(1, 1)]), ((2,), (3,), [(1, 1)]),
    ((2, 3), (1, 2), [(1, 1), (0, 0)]), ((3, 2), (2, 2), [(1, 1), (1, 1)]),
])  # fmt: skip
def test_a_pool_is_a_fold_of_every_window(size: Any, stride: Any, pads: Any) -> None:
    x, absent = some(2, 5, 6), 99
    n, around = len(size), tuple(p for p, _ in pads)
    top = (fg.max_pool1d, fg.max_pool2d)[n - 1](x, size, stride, around)
    mean = (fg.avg_pool1d, fg.avg_pool2d)[n - 1]
    assert error(top, pooled(x, max, size, stride, pads, absent)) == 0
    bare = mean(x, size, stride, around, count_include_pad=False)
    assert error(bare, pooled(x, average, size, stride, pads, absent)) <= CLOSE
    bordered = np.pad(x, [(0, 0)] * (x.ndim - n) + pads)
    full = pooled(bordered, average, size, stride, [(0, 0)] * n, absent)
    assert error(mean(x, size, stride, around), full) <= CLOSE


@pytest.mark.parametrize(("length", "count"), [(6, 3), (7, 3), (5, 4), (3, 5), (4, 4), (5, 1)])
def test_adaptive_cells_cover_the_axis(length: int, count: int) -> None:
    x = some(2, length, length + 1)
    rows, columns = ([(int(np.floor(t * s / count)), int(np.ceil((t + 1) * s / count)))
                      for t in range(count)] for s in x.shape[1:])  # fmt: skip
    cells = [[exact(x[:, a:b, c:d]).reshape(2, -1) for c, d in columns] for a, b in rows]
    for pool, fold in [(fg.adaptive_avg_pool2d, lambda v: v.sum(1) / v.shape[1]),
                       (fg.adaptive_max_pool2d, lambda v: v.max(1))]:  # fmt: skip
        wanted = np.moveaxis(np.array([[fold(v) for v in row] for row in cells]), -1, 0)
        assert error(pool(x, count), numbers(wanted)) <= CLOSE
    assert error(fg.adaptive_max_pool1d(x[:, :, 0], count), np.array(
        [[x[i, a:b, 0].max() for a, b in rows] for i in range(2)])) == 0  # fmt: skip


# ---- ties, infinities, elements out of reach ------------------------------------------------
@pytest.mark.parametrize(("f", "x", "gradient"), [
    (lambda x: fg.max_pool1d(x, 2), [1, 1, 0, 2], [0.5, 0.5, 0, 1]),
    (lambda x: fg.max_pool1d(x, 3, 1), [2, 2, 2, 2], [1 / 3, 2 / 3, 2 / 3, 1 / 3]),
    (lambda x: fg.max_pool1d(x, 2, 2, 1), [-np.inf, 0, 1, 1], [0.5, 0, 1, 1]),
    (lambda x: fg.max_pool2d(x, 2), [[3, 3], [3, 0]], [[1 / 3, 1 / 3], [1 / 3, 0]]),
    (lambda x: fg.adaptive_max_pool2d(x, 1), [[3, 3], [3, 0]], [[1 / 3, 1 / 3], [1 / 3, 0]]),
    (lambda x: fg.avg_pool1d(x, 2, 3), [1, 2, 3, 4, 5, 6, 7], [0.5, 0.5, 0, 0.5, 0.5, 0, 0]),
])  # fmt: skip
def test_gradient_where_it_could_go_wrong(f: Any, x: Any, gradient: Any) -> None:
    got = fg.grad(lambda x: f(x).sum())(np.array(x, float))
    assert np.allclose(got, gradient, rtol=0, atol=4 * EPS)


def test_a_window_that_shows_only_the_border_is_minus_infinity_and_passes_nothing() -> None:
    y = fg.max_pool1d(x := leaf([2.0]), 2, 1, 1, 2)
    y.sum().backward()
    assert y.numpy().tolist() == [-np.inf] and x.grad.numpy().tolist() == [0.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("pool", [
    lambda x: fg.avg_pool1d(x, 2), lambda x: fg.avg_pool1d(x, 3, 3, 1, True, False),
    lambda x: fg.adaptive_avg_pool1d(x, 2), lambda x: fg.adaptive_max_pool1d(x, 2),
    lambda x: fg.max_pool1d(x, 2, padding=1),
])  # fmt: skip
def test_what_is_no_number_stays_in_its_window(pool: Any, bad: float) -> None:
    y = pool(np.array([1.0, 2, 3, 4, 5, 6, 7, bad]))
    assert np.isfinite(y[:-1]).all() and not np.isfinite(y[-1])


def test_integers_have_a_largest_too() -> None:
    assert fg.max_pool1d(np.array([-3, -4, -5]), 2, 2, 1).tolist() == [-3, -4]
    assert fg.max_pool1d(np.array([3, 4, 5], np.uint8), 2, 2, 1).dtype == np.uint8
    assert fg.avg_pool1d([1, 2, 4], 2, 1).tolist() == [1.5, 3.0]
