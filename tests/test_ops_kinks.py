"""Rows of the elementwise table at kinks, poles, special numbers and far out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import ROWS, Tensor
from fusegrad.engine.ops import activations
from tests.ops_sample import MP, derivative, error, exactly, leaf
from tests.rows_sample import FLAT_SECOND, KINKS, inf, nan
from tests.test_ops import EPS, call

FLOATS = (np.float16, np.float32, np.float64)
ACTIVATIONS = [n for n, r in ROWS.items() if r.function in vars(activations).values()]
# Of digamma: a logarithm and eight reciprocals of 1/2 or more are added up, then a cotangent.
DIGAMMA = 20 * EPS


@pytest.mark.parametrize(("name", "at", "slopes"), KINKS)
def test_slopes_at_a_kink_are_as_stated(name: str, at: Any, slopes: Any) -> None:
    got = fg.grad(ROWS[name].function, range(len(at)))(*at)
    assert np.array_equal([g.item() for g in got], slopes, equal_nan=True)


@pytest.mark.parametrize(("name", "at", "order"), FLAT_SECOND)
def test_second_derivative_is_zero_where_a_slope_was_chosen(
    name: str, at: Any, order: Any
) -> None:
    assert derivative(ROWS[name].function, order)(*at).item() == 0.0


@pytest.mark.parametrize("name", ["relu", "where"])
def test_a_closed_gate_stops_infinite_and_nan_gradients(name: str) -> None:
    x = leaf([-1.0, -1.0, 2.0])
    args = (x,) if name == "relu" else ([False, False, True], x, [np.nan, np.inf, 0.0])
    y = call(name, *args)
    y.backward(np.array([np.nan, np.inf, 3.0]))
    assert np.array_equal(x.grad, [0.0, 0.0, 3.0])


def test_a_pole_at_a_python_number_is_silent_in_every_order() -> None:
    x = leaf(1.0)
    (x / 0.0).backward(create_graph=True)
    assert x.grad.item() == np.inf


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_special_numbers_are_told_apart_as_in_numpy(name: str) -> None:
    x = np.array([nan, inf, -inf, 0.0, -0.0, 1e308, 5e-324, -1.0])
    assert np.array_equal(call(name, Tensor(x)), getattr(np, name)(x))


def test_an_activation_keeps_nan() -> None:
    assert all(np.isnan(call(n, np.array(nan))) for n in ACTIVATIONS)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_and_its_derivatives_are_finite_however_large_x(
    name: str, dtype: Any
) -> None:
    limits = np.finfo(dtype)
    x = np.array([-limits.max, -800, -90, -20, 20, 90, 800, limits.max / 8], dtype)
    f = lambda x: call(name, x)  # noqa: E731
    for y in (f(x), derivative(f, [0])(x), derivative(f, [0, 0])(x)):
        assert np.isfinite(y.numpy() if isinstance(y, Tensor) else y).all()


def test_digamma_far_from_its_domain() -> None:
    x = np.array([1e-300, 0.49, 0.5, 1.4616321449683623, 9.5, 1e300, -0.5, -3.7, -100.3])
    assert error(call("digamma", x), exactly(MP.digamma, x)) <= DIGAMMA
    first = exactly(lambda x: MP.polygamma(1, x), x[1:])
    assert error(derivative(ROWS["digamma"].function, [0])(x[1:]), first) <= DIGAMMA
