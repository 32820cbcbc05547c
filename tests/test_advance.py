"""How far values have moved: the compiled loop, the plain one, and the sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fusegrad.kernels import advance as module
from fusegrad.kernels.advance import advance, sum_of_squares

CLOSE = {"float32": 1e-5, "float64": 1e-12, "float16": 1e-2}


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("size", [0, 1, 7, module.NUMBA_FROM, module.NUMBA_FROM + 3])
def test_sums_are_those_by_hand(dtype: str, size: int) -> None:
    rng = np.random.default_rng(size)
    x = rng.standard_normal(size).astype(dtype)
    memory = (x + 0.1 * rng.standard_normal(size)).astype(dtype)
    before = memory.astype("float64")
    held, moved = advance(memory, x)
    assert held == pytest.approx((before**2).sum(), rel=CLOSE[dtype])
    want = ((before - x.astype("float64")) ** 2).sum()
    assert moved == pytest.approx(want, rel=10 * CLOSE[dtype])
    assert np.array_equal(memory, x)


@pytest.mark.parametrize("rows", [3, 1000])
def test_what_is_not_in_one_piece_is_read_as_it_is(rows: int) -> None:
    x = np.random.default_rng(0).standard_normal((100, rows)).T
    memory = np.zeros((rows, 100))
    assert advance(memory, x)[1] == pytest.approx((x**2).sum())
    assert np.array_equal(memory, x)


@pytest.mark.parametrize("size", [10, module.NUMBA_FROM])
def test_squares_that_float32_cannot_hold(size: int) -> None:
    for value in (1e-30, 1e25):
        x = np.full(size, value, np.float32)
        want = size * float(np.float32(value)) ** 2
        assert sum_of_squares(x) == pytest.approx(want)
        memory = x.copy()
        assert advance(memory, 2 * x) == pytest.approx((want, want))


def test_nan_is_told() -> None:
    for size in (4, module.NUMBA_FROM):
        x = np.ones(size, np.float32)
        x[1] = np.nan
        held, moved = advance(np.ones(size, np.float32), x)
        assert held == size and np.isnan(moved)
