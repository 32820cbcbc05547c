"""Large arrays: those that lie alike are read where they stand, and results lie as they do."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import layout, lift, one_word, pool
from fusegrad.kernels import words as w

LIFT = import_module("fusegrad.kernels.lift")
N = 65_536
SHAPE = (4, 128, 128)
ORDERS = [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0)]


def numbers(seed: int, shape: Any = SHAPE, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axes", ORDERS)
def test_a_fused_loop_keeps_the_order_of_the_axes(axes: tuple[int, ...], dtype: str) -> None:
    f = lift(lambda x, y: (x * y + y, x > y))
    x, y = (numbers(k, dtype=dtype).transpose(axes) for k in range(2))
    product, above = f(x, y)
    assert LIFT.choose(f.program, (x, y)) == "numba"
    assert np.array_equal(product, x * y + y) and np.array_equal(above, x > y)
    assert product.strides == x.strides and above.dtype == bool
    assert layout.is_dense(product) and product.flags.writeable


@pytest.mark.parametrize("axes", ORDERS)
def test_a_ufunc_keeps_the_order_of_the_axes(axes: tuple[int, ...]) -> None:
    x, y = (numbers(k).transpose(axes) for k in range(2))
    for f, want in ((lambda a, b: a + b, x + y), (lambda a, b: a > b, x > y)):
        got = lift(f)(x, y)
        assert np.array_equal(got, want) and got.dtype == want.dtype
        assert got.strides == want.strides


SINGLE = [3, 2.5, True, np.float32(1.5), np.ones(1, "f4"), np.full((), 2, "f4"),
          np.broadcast_to(np.float32(7), SHAPE), np.ones((1, 1, 1), "f4")]  # fmt: skip


@pytest.mark.parametrize("one", SINGLE, ids=repr)
@pytest.mark.parametrize("swap", [False, True])
def test_single_numbers_stand_beside_large_arrays(one: Any, swap: bool) -> None:
    f, x = lift(lambda a, b: (a - b) * (b + 0.5) + a), numbers(1)
    args = (one, x) if swap else (x, one)
    a, b = args
    assert LIFT.choose(f.program, args) == "numba"
    got, want = f(*args), (a - b) * (b + 0.5) + a
    assert got.dtype == want.dtype == np.float32
    assert np.allclose(got, want, rtol=4e-7, atol=4e-7) and got.shape == SHAPE


def test_arrays_of_one_number_spread_wide_alone() -> None:
    x = np.broadcast_to(np.float32(3), SHAPE)
    got = lift(lambda a, b: a * b + b, reader="numba")(x, x)
    assert got.shape == SHAPE and (got == 12).all()


@pytest.mark.parametrize(
    "other", [numbers(2, (128,)), numbers(3, (128, 1)), numbers(4, (4, 1, 1))]
)
def test_a_row_is_spread_into_pooled_memory(other: np.ndarray) -> None:
    x, add = numbers(1), lift(lambda a, b: a + b)
    for got in (add(x, other), add(other, x)):
        assert np.array_equal(got, x + other)
        assert got.base.__class__ is pool.Block


def test_gaps_and_foreign_dtypes_are_left_to_numpy() -> None:
    add = lift(lambda a, b: a + b)
    gapped = numbers(1, (2 * N,))[::2]
    assert np.array_equal(add(gapped, gapped), gapped + gapped)
    for dtype in ("float16", "int64", "complex128"):
        x = numbers(2).astype(dtype)
        got = add(x, x)
        assert got.dtype == dtype and np.array_equal(got, x + x)
    mixed = add(numbers(1), numbers(2, dtype="float64"))
    assert mixed.dtype == np.float64


def test_shapes_that_do_not_fit_are_refused_as_numpy_does() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        lift(lambda a, b: a + b)(numbers(1), numbers(2, (3, 128, 128)))


def test_small_arrays_and_numbers_go_straight_to_the_ufunc() -> None:
    calls: list[Any] = []
    word = w.tanh
    f = one_word.of_ufunc(word, lambda *args: calls.append(args))
    assert f(np.zeros(3)).tolist() == [0, 0, 0] and f(1.0) == np.tanh(1.0)
    assert not calls
    f(np.zeros(one_word.FROM))
    assert len(calls) == 1


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (2, 0)])
def test_dense_or_not(shape: tuple[int, ...]) -> None:
    assert layout.is_dense(np.ones(shape))
    assert not layout.is_dense(np.ones((4, 6))[:, ::2])
    assert not layout.is_dense(np.broadcast_to(np.ones(3), (2, 3)))
    assert layout.is_dense(np.ones((4, 1, 6)).transpose(2, 1, 0))
