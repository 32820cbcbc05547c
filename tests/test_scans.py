"""Products that hold zeros, and recurrences: exact to every order, in Python or compiled."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.ops.scans import cumprod, cumsum, linear_recurrence, prod
from fusegrad.kernels import scan
from tests.cases import numbers
from tests.ops_sample import error, leaf

EPS = float(np.finfo(np.float64).eps)
inf, nan = np.inf, np.nan


# ---- products that hold zeros ---------------------------------------------------------------
def partial(x: np.ndarray, members: Any, by: Any) -> float:
    """The derivative of a product of some elements, by the elements listed."""
    if len(set(by)) < len(by) or not set(by) <= set(members):
        return 0.0
    return float(np.prod([x[i] for i in members if i not in by]))


@pytest.mark.parametrize("zeros", [[], [0], [3], [1, 2], [0, 1, 3], [0, 1, 2, 3]])
def test_derivatives_of_products_are_exact_at_zeros_to_the_third_order(zeros: Any) -> None:
    x = np.array([2.0, 3.0, -5.0, 7.0])
    x[zeros] = 0
    n = range(4)
    products = {prod: [n], lambda x: prod(x.reshape(2, 2), (0, 1)): [n],
                cumprod: [range(k + 1) for k in n]}  # fmt: skip
    for f, members in products.items():
        derived: Callable[..., Any] = lambda x, f=f: f(x).reshape(-1)  # noqa: E731
        for order in (1, 2, 3):
            derived = fg.jacobian(derived)
            wanted = [
                [partial(x, m, by) for by in itertools.product(n, repeat=order)]
                for m in members
            ]
            assert np.array_equal(derived(x).numpy().reshape(len(wanted), -1), wanted)


def test_products_that_hold_infinities_have_gradients_without_nan() -> None:
    for f, wanted in ((cumprod, [inf, 8, inf]), (prod, [inf, 6, inf])):
        g = fg.grad(lambda x, f=f: f(x).sum())(np.array([2.0, inf, 3.0]))
        assert g.numpy().tolist() == wanted


# ---- recurrences ----------------------------------------------------------------------------
def test_recurrences_that_are_known_by_other_names() -> None:
    x = numbers(((9,),))[0]
    smooth = [x[0] * 0.25]
    for v in x[1:]:
        smooth.append(0.75 * smooth[-1] + 0.25 * v)
    assert error(linear_recurrence(0.75, 0.25 * x), smooth) <= 4 * EPS
    to_come = [sum(0.5 ** (j - i) * x[j] for j in range(i, 9)) for i in range(9)]
    assert error(linear_recurrence(0.5, Tensor(x)[::-1])[::-1], to_come) <= 8 * EPS
    assert np.array_equal(linear_recurrence(np.ones(9), x), cumsum(x))


def test_a_number_in_a_recurrence_widens_no_dtype() -> None:
    for dtype in (np.float16, np.float32):
        b = leaf(np.ones(3), dtype)
        y = linear_recurrence(0.5, b)
        y.sum().backward()
        assert (y.dtype, b.grad.dtype) == (dtype, dtype)
        assert y.numpy().tolist() == [1, 1.5, 1.75] and b.grad.numpy().tolist() == [
            1.75,
            1.5,
            1,
        ]
        assert linear_recurrence(b, 1.0).dtype == dtype
    assert linear_recurrence(2, [1, 1]).tolist() == [1, 3]


@pytest.mark.parametrize("first", [nan, inf])
def test_the_first_factor_of_a_recurrence_is_not_read(first: float) -> None:
    a, b = leaf([first, 2.0]), leaf([3.0, inf])
    y = linear_recurrence(a, b)
    (y * np.array([inf, 1.0])).sum().backward()
    assert y.numpy().tolist() == [3, inf] and a.grad.numpy().tolist() == [0, 3]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("shapes", "axis"), [(((7,), (7,)), 0), (((3, 7), (3, 7)), 1),
                                              (((7, 1, 2), (7, 3, 2)), 0)])  # fmt: skip
def test_the_compiled_loop_equals_the_plain_one_to_the_last_bit(
    shapes: Any, axis: int, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = (x.astype(dtype) for x in numbers(shapes))
    plain = scan.linear_recurrence(a, b, axis=axis)
    monkeypatch.setattr(scan, "NUMBA_FROM", 1)
    before = b.copy()
    compiled = scan.linear_recurrence(a, b, axis=axis)
    assert compiled.dtype == dtype and compiled.tobytes() == plain.tobytes()
    assert np.array_equal(b, before)
