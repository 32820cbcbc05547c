"""Every row of the elementwise table: value, derivatives to third order, shapes.

A new row is tested by existing; only its textbook formula is asked for, in `rows_oracles.py`.
Its dtypes stand in `test_ops_dtypes.py`, its kinks in `test_ops_kinks.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from fusegrad.engine import OPS, ROWS, Tensor
from fusegrad.engine.backward import backpropagate
from fusegrad.kernels import observe
from tests.ops_sample import Provenance, derivative, error, exactly, leaf, quotient
from tests.rows_sample import ORACLES, drawn

EPS = float(np.finfo(np.float64).eps)
# A row is a handful of roundings, each of EPS/2 in a number that is not much above its result.
VALUE = 8 * EPS
# A k-th derivative goes through k rules of a handful of words; 1/x at 0.1 grows tenfold each.
FIRST, SECOND, THIRD = 1e-14, 1e-13, 1e-12

SUM = 27 * EPS + VALUE  # of at most 27 terms, in two orders


SLOPED = [(n, i) for n, r in ROWS.items() for i, s in enumerate(r.slopes) if s is not None]
PAIRS = [(n, i, j) for n, i in SLOPED for m, j in SLOPED if n == m]
SMOOTH = (
    "exp", "tanh", "erf", "sigmoid", "softplus", "silu", "gelu", "log", "power", "tan", "rsqrt",
    "arcsinh", "lgamma", "digamma", "logsigmoid", "mish", "gelu_tanh",
)  # fmt: skip
THIRDS = [
    *((n, (0, 0, 0)) for n in SMOOTH),
    *(("power", order) for order in ((1, 1, 1), (0, 1, 0), (1, 0, 0))),
    *(("divide", order) for order in ((1, 1, 1), (0, 1, 1), (1, 1, 0))),
    *(
        (n, order)
        for n in ("hypot", "arctan2", "logaddexp")
        for order in ((0, 1, 1), (1, 0, 0))
    ),
]
BINARY = [n for n, r in ROWS.items() if len(r.domains) == 2]
MANY = [n for n, r in ROWS.items() if len(r.domains) > 1]


def call(name: str, *args: Any) -> Any:
    """The op of a row."""
    return ROWS[name].function(*args)


def rng_of(name: str) -> np.random.Generator:
    """A generator of its own for each row."""
    return np.random.default_rng(list(name.encode()))


def test_every_row_has_an_oracle() -> None:
    assert ORACLES.keys() == ROWS.keys()
    assert ROWS.keys() <= OPS.keys()


# ---- value and derivatives ------------------------------------------------------------------
@pytest.mark.parametrize("name", ROWS)
def test_value_equals_the_textbook_formula(name: str) -> None:
    args = drawn(name, rng_of(name), 50)
    assert error(call(name, *map(Tensor, args)), exactly(ORACLES[name], *args)) <= VALUE


@pytest.mark.parametrize(("name", "i"), SLOPED)
def test_slope_equals_the_difference_quotient(name: str, i: int) -> None:
    args = drawn(name, rng_of(name), 20)
    wanted = exactly(quotient(ORACLES[name], [i]), *args)
    assert error(derivative(ROWS[name].function, [i])(*args), wanted) <= FIRST


@pytest.mark.parametrize(("name", "i", "j"), PAIRS)
def test_second_derivative_equals_the_second_difference(name: str, i: int, j: int) -> None:
    args = drawn(name, rng_of(name))
    wanted = exactly(quotient(ORACLES[name], [j, i]), *args)
    assert error(derivative(ROWS[name].function, [i, j])(*args), wanted) <= SECOND


@pytest.mark.parametrize(("name", "order"), THIRDS)
def test_third_derivative_equals_the_third_difference(name: str, order: Any) -> None:
    args = drawn(name, rng_of(name), 4)
    wanted = exactly(quotient(ORACLES[name], order), *args)
    assert error(derivative(ROWS[name].function, order)(*args), wanted) <= THIRD


@pytest.mark.parametrize("name", ROWS)
def test_rows_without_a_slope_record_nothing(name: str) -> None:
    y = call(name, *map(leaf, drawn(name, rng_of(name))))
    assert y.requires_grad is any(s is not None for s in ROWS[name].slopes)


# ---- shapes ---------------------------------------------------------------------------------
SHAPES = mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_dims=3, max_side=3)


def strided(rng: np.random.Generator, shape: tuple[int, ...], domain: Any) -> np.ndarray:
    """Numbers of a domain in a transposed, reversed array with gaps: nothing lies in order."""
    wide = rng.uniform(*domain, tuple(2 * n for n in shape[::-1]))
    return wide[tuple(slice(None, None, -2) for _ in shape)].T


def sum_over_uses(full: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """What broadcasting's transpose means: every use of an element, added up by a loop."""
    total = np.zeros(shape)
    for place in np.ndindex(full.shape):
        own = place[len(place) - len(shape) :]
        total[tuple(0 if n == 1 else k for k, n in zip(own, shape))] += full[place]
    return total


@pytest.mark.parametrize("name", MANY)
@given(shapes=SHAPES, seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_broadcasting_is_undone_by_summing_over_uses(name: str, shapes: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = zip(shapes.input_shapes, ROWS[name].domains)
    args = [strided(rng, s, domain) for s, domain in inputs]
    full = [a.copy() for a in np.broadcast_arrays(*args)]
    assert error(call(name, *args), call(name, *full)) <= VALUE  # pow differs by strides
    for i, _ in [s for s in enumerate(ROWS[name].slopes) if s[1] is not None]:
        g = derivative(ROWS[name].function, [i])
        got, terms, shape = g(*args), np.asarray(g(*full)), args[i].shape
        wrong = abs(np.asarray(got) - sum_over_uses(terms, shape))
        assert got.shape == shape and np.all(wrong <= SUM * sum_over_uses(abs(terms), shape))


# ---- the entry point ------------------------------------------------------------------------
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_a_row_computes_through_kernels_only(name: str, create_graph: bool) -> None:
    args = [leaf(a) for a in drawn(name, rng_of(name))]
    seed = np.ones(6)
    watch = Provenance(seed, *(a.data for a in args))
    with observe(watch):
        y = call(name, *args)
        watch.demand(y.data, "the op returns")
        if y.node is not None:
            g: Any = Tensor._of(seed) if create_graph else seed
            found = backpropagate([y.node], [g], create_graph=create_graph)
            for gradient in found.values():
                watch.demand(getattr(gradient, "data", None), "backward returns")


def test_provenance_sees_what_was_computed_beside_the_kernels() -> None:
    x = np.ones(3)
    with observe(Provenance(x)), pytest.raises(AssertionError, match=r"^kernel exp reads an"):
        call("exp", x * 2)
