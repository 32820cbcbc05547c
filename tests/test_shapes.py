"""Every op on shapes that broadcast or are empty, in every layout of memory and mix of dtypes.

What it gives is what it gives for contiguous float64 copies, rounded; and it changes nothing
that it was given. A new row is tested by existing, another new op needs a strategy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.engine import OPS, ROWS, Tensor
from fusegrad.engine.backward import backpropagate
from fusegrad.kernels.locking import memory_of
from tests import shapes_sample as sample
from tests.cases import OPERATIONS
from tests.rounding_sample import Allowance
from tests.rows_sample import ZERO_HALF
from tests.shapes_sample import FLOATS, LAYOUTS, MATRICES, STRATEGIES, WHOLE, halves, laid

Arrays = list[np.ndarray]
FLAT = [n for n, r in ROWS.items() if not any(r.slopes)]
SLOPED = [n for n in ROWS if n not in FLAT]
NUMBERS = st.integers(0, 2**32 - 1)
# Ops that are no row: a few dozen roundings each at most, of numbers near 1 like the results.
ROUNDINGS = 32


def each(examples: int) -> settings:
    """So many examples, the same in every run."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        report_multiple_bugs=False,
    )


# ---- running an op --------------------------------------------------------------------------
class Run(NamedTuple):
    """What an op gave, and each gradient, None where none passes."""

    y: np.ndarray
    gradients: list[Any]


def run(call: Callable[..., Any], arrays: Arrays, seed: np.ndarray) -> Run:
    """Forward and backward on the very memory of the arrays and of the seed."""
    leaves = [Tensor._of(a.view()).requires_grad_() for a in arrays]
    y = call(*leaves)
    found = backpropagate([y.node], [seed])
    return Run(y.data, [found.get(leaf) for leaf in leaves])


def watch(arrays: Arrays) -> Callable[[], bool]:
    """Whether the memory of the arrays, gaps included, is still what it is now."""
    memory = [memory_of(a) for a in arrays]
    before = [m.tobytes() for m in memory]
    return lambda: [m.tobytes() for m in memory] == before


class Case:
    """One call of an op, in some layout, dtype and shape, beside one on contiguous float64."""

    def __init__(self, call: Callable[..., Any], arrays: Arrays, number: int, how: str) -> None:
        are_same = watch(arrays)
        self.arrays, self.y = arrays, call(*arrays)
        rng = np.random.default_rng(number)
        like = (self.y, *arrays)
        some = [halves(rng.uniform(-1, 1, a.shape), a.dtype) for a in like]
        self.u, *self.v = (laid(a, how) for a in some)
        are_same_too = watch([self.u, *self.v])
        self.got = run(call, arrays, self.u)
        self.jv = fg.jvp(call, arrays, self.v)[1].numpy()
        self.is_clean = are_same() and are_same_too()
        copies = [np.array(a, np.float64, order="C") for a in (*arrays, self.u)]
        self.wanted = run(call, copies[:-1], copies[-1])

    def check(self, value: Any, gradient: Callable[[int], Any], along: Any) -> None:
        """Hold all of it against how far off it may be."""
        assert self.is_clean
        assert np.array_equal(self.got.y, self.y, equal_nan=True)
        assert self.jv.shape == self.y.shape and self.jv.dtype == self.y.dtype
        assert_near(self.y, self.wanted.y, value)
        own, allowed = [], 1e-300 + (abs(self.u) * along).sum()
        for i, (a, v) in enumerate(zip(self.arrays, self.v)):
            g, wanted = self.got.gradients[i], self.wanted.gradients[i]
            assert (g is None) is (wanted is None)
            if g is not None:
                own.append(g)
                assert g.shape == a.shape and g.dtype == a.dtype
                off = gradient(i)
                assert_near(g, wanted, off)
                allowed += (off * abs(v)).sum()
        self.check_transposed(float(allowed))
        assert_own_memory(own, [*self.arrays, self.u, self.y, self.got.y])

    def check_transposed(self, allowed: float) -> None:
        """<u, J v> = <J^T u, v>."""
        pairs = [(self.u, self.jv), *zip(self.got.gradients, self.v)]
        one, *others = (inner(a, b) for a, b in pairs if a is not None)
        is_nan = np.isnan(self.y).any()  # the mean of nothing, and so its tangent
        assert abs(one - sum(others)) <= allowed or is_nan


def inner(a: np.ndarray, b: np.ndarray) -> float:
    return float((a.astype(np.float64) * b.astype(np.float64)).sum())


def assert_near(got: np.ndarray, wanted: np.ndarray, off: Any) -> None:
    """Near, or alike inf or nan. Where a narrow dtype may overflow nothing is said."""
    assert got.shape == wanted.shape
    fits = ~(abs(wanted) + off > float(np.finfo(got.dtype).max))
    with np.errstate(invalid="ignore"):  # inf - inf
        near = abs(got - wanted) <= off
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    assert np.all(near | same | ~fits), (got, wanted, off)


def assert_own_memory(arrays: Arrays, others: Arrays) -> None:
    for i, a in enumerate(arrays):
        for b in (*arrays[:i], *others):
            assert not np.may_share_memory(a, b)


# ---- rows -----------------------------------------------------------------------------------
@st.composite
def row_arguments(draw: Callable[..., Any], name: str, dtypes: Any) -> Arrays:
    """Numbers of a row's domains, in shapes that broadcast."""
    domains, rng = ROWS[name].domains, np.random.default_rng(draw(NUMBERS))
    found = draw(sample.BROAD(num_shapes=len(domains), min_side=0, max_dims=3, max_side=3))
    arrays: Arrays = []
    for shape, (low, high) in zip(found.input_shapes, domains):
        dtype = draw(dtypes)
        if dtype.kind == "f":
            values = halves(rng.uniform(low, high, shape), dtype)
        else:  # of truth values 0 and 1, of unsigned numbers those from 0 on
            least = 1 if low > 0 else low if dtype.kind == "i" else 0
            values = rng.integers(int(least), (1 if dtype.kind == "b" else 3) + 1, shape)
        if name in ZERO_HALF and not arrays:
            values = values * (rng.random(shape) < 0.5)
        arrays.append(laid(np.asarray(values).astype(dtype), draw(LAYOUTS)))
    return arrays


@pytest.mark.parametrize("name", SLOPED)
@given(data=st.data())
@each(40)
def test_a_row(name: str, data: Any) -> None:
    arrays = data.draw(row_arguments(name, FLOATS))
    case = Case(ROWS[name].function, arrays, data.draw(NUMBERS), data.draw(LAYOUTS))
    allowed = Allowance(name, arrays, case.y)
    assert case.y.dtype == np.result_type(*arrays[name == "where" :])  # no condition
    assert [g is None for g in case.got.gradients] == [s is None for s in ROWS[name].slopes]
    case.check(allowed.value, lambda i: allowed.gradient(i, case.u), allowed.along(case.v))


@pytest.mark.parametrize("name", FLAT)
@given(data=st.data())
@each(40)
def test_a_row_without_slopes(name: str, data: Any) -> None:
    """On integers and truth values too; all of these are exact, and are functions of NumPy."""
    arrays = data.draw(row_arguments(name, st.one_of(FLOATS, WHOLE)))
    are_same = watch(arrays)
    try:
        theirs = getattr(np, name)(*arrays)
    except TypeError:  # as for the sign of a truth value
        with pytest.raises(TypeError):
            ROWS[name].function(*arrays)
        return
    y = ROWS[name].function(*arrays)
    tensor = ROWS[name].function(*map(Tensor._of, arrays))
    wanted = ROWS[name].function(*(np.array(a, np.float64, order="C") for a in arrays))
    assert not tensor.requires_grad and np.array_equal(y, tensor.data)
    assert y.dtype == theirs.dtype and np.array_equal(y, wanted.astype(y.dtype))
    assert are_same()


# ---- all others -----------------------------------------------------------------------------
def test_every_op_that_is_no_row_has_a_strategy() -> None:
    assert STRATEGIES.keys() == OPS.keys() - ROWS.keys()


@pytest.mark.parametrize("name", STRATEGIES)
@given(data=st.data())
@each(100)
def test_an_op_that_is_no_row(name: str, data: Any) -> None:
    shapes, params = data.draw(STRATEGIES[name])
    known, core = OPERATIONS[name], 2 * (name in MATRICES)
    arrays = [
        laid(halves(x, data.draw(FLOATS)), data.draw(LAYOUTS), core) for x in known.draw(shapes)
    ]

    def call(*x: Any) -> Any:
        return known.call(*x, *params)

    case = Case(call, arrays, data.draw(NUMBERS), data.draw(LAYOUTS))
    told = {"astype": params[:1], "index_set": arrays[:1]}  # which do not promote
    assert case.y.dtype == np.result_type(*told.get(name, arrays))

    def off(dtypes: Any, wanted: Any) -> float:
        eps = max(float(np.finfo(d).eps) for d in dtypes)
        return ROUNDINGS * eps * max(1.0, np.max(abs(wanted), initial=0.0))

    case.check(
        off([case.y.dtype], case.wanted.y),
        lambda i: off([case.y.dtype, arrays[i].dtype], case.wanted.gradients[i]),
        off([case.y.dtype, *(a.dtype for a in arrays)], case.jv),
    )
