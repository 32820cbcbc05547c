"""Reductions beyond the table of cases: PyTorch, extremes, halves, questions, NumPy's words."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.ops import queries
from fusegrad.engine.ops.norms import norm, std, var
from fusegrad.engine.ops.reductions import logsumexp, max_, mean, min_
from fusegrad.engine.ops.scans import cumprod, cumsum, linear_recurrence, prod
from fusegrad.engine.ops.softmax import cross_entropy, log_softmax, softmax
from fusegrad.engine.ops.sorting import median, sort
from tests.cases import numbers
from tests.cases.reductions import OPERATIONS
from tests.ops_sample import error, leaf

EPS = float(np.finfo(np.float64).eps)
inf, nan = np.inf, np.nan
USES = [(op, *use) for op, known in OPERATIONS.items() for use in known.uses]


def against(weights: Any, y: Any) -> Any:
    return (y * weights).sum()


def agree(ours: Callable[..., Any], theirs: Callable[..., Any], args: Any) -> None:
    """Value and gradients of fusegrad and of PyTorch are the same."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    mine, other = [leaf(a) for a in args], [torch.tensor(a, requires_grad=True) for a in args]
    y, z = ours(*mine), theirs(torch, *other)
    weights = np.cos(np.arange(y.size)).reshape(y.shape)
    against(weights, y).backward()
    against(torch.tensor(weights), z).backward()
    assert error(y, z.detach()) <= 64 * EPS
    for a, b in zip(mine, other):
        assert error(a.grad, torch.zeros_like(b) if b.grad is None else b.grad) <= 64 * EPS


@pytest.mark.parametrize(("op", "shapes", "params"), USES, ids=str)
def test_an_op_agrees_with_torch(op: str, shapes: Any, params: Any) -> None:
    known = OPERATIONS[op]
    assert callable(known.torch)
    agree(
        lambda *x: known.call(*x, *params),
        lambda torch, *x: known.torch(torch, *x, *params),
        known.draw(shapes),
    )


# ---- where it could go wrong ----------------------------------------------------------------
ORDERS = [0.5, 1, 1.5, 2, 3, inf]


@pytest.mark.parametrize("p", ORDERS)
@pytest.mark.parametrize("size", [1e200, 1e-200, 5e-324, 1e307])
def test_a_norm_of_extremes_has_its_value_and_gradient(p: float, size: float) -> None:
    x = np.array([3.0, 0.0, -2.0])
    small = fg.value_and_grad(lambda x: norm(x, p))(x)
    y, g = fg.value_and_grad(lambda x: norm(x, p))(x * size)
    assert y.item() == pytest.approx(float(small[0]) * size, rel=16 * EPS, abs=5e-324)
    if size > 5e-324:  # of which there are no fractions
        assert error(g, small[1]) <= 32 * EPS


@pytest.mark.parametrize("p", ORDERS)
def test_the_zero_vector_has_gradient_0_of_both_orders(p: float) -> None:
    zero = np.zeros((2, 3))
    assert not fg.grad(lambda x: norm(x, p))(zero).numpy().any()
    assert not fg.grad(lambda x: norm(x, p, 1).sum())(zero).numpy().any()
    assert not fg.hessian(lambda x: norm(x, p))(zero).numpy().any()


@pytest.mark.parametrize("p", ORDERS)
def test_a_zero_beside_others_leaves_all_derivatives_finite(p: float) -> None:
    x = np.array([2.0, 0.0, -1.5])
    hessian = fg.hessian(lambda x: norm(x, p))(x).numpy()
    rest = fg.hessian(lambda x: norm(x, p))(x[::2]).numpy()
    assert error(hessian[::2, ::2], rest) <= 8 * EPS
    alone = 1 / norm(x) if p == 2 else 0  # the slope of x / |x|
    assert error(hessian[1], [0, alone, 0]) <= 8 * EPS


@pytest.mark.parametrize("same", [0.1, 1e200, -7.3])
def test_equal_elements_have_no_spread_and_no_gradient(same: float) -> None:
    x = np.full((2, 3), same)
    for f in (var, std):
        assert not f(x, 1).any() and not fg.grad(lambda x, f=f: f(x, 0).sum())(x).numpy().any()
        assert not fg.hessian(std)(x).numpy().any()


def test_a_large_offset_costs_no_digits_and_squares_do_not_overflow() -> None:
    x = np.array([4.0, 7.0, 13.0, 16.0])
    assert var(x + 1e15) == var(x) == 22.5 and var(x + 1e15, ddof=1) == 30
    assert std(x * 1e200) == pytest.approx(std(x) * 1e200, rel=4 * EPS)
    assert std(x * 1e-200) == pytest.approx(std(x) * 1e-200, rel=4 * EPS)
    assert error(fg.grad(std)(x * 1e200), fg.grad(std)(x)) <= 8 * EPS


def test_correction_is_ddof_and_nothing_left_is_nan() -> None:
    x = numbers(((3, 4),))[0]
    assert np.array_equal(var(x, 0, correction=1), var(x, 0, ddof=1))
    assert np.array_equal(std(x, -1, correction=0.5), std(x, -1, 0.5))
    assert error(std(x, 1, 1), np.std(x, 1, ddof=1)) <= 4 * EPS
    for f, taken in itertools.product((var, std), (3, 5)):
        assert np.isnan(f(x, 0, taken)).all()
        assert np.isnan(f(np.zeros((2, 0)), 1)).all() and np.isnan(f([], correction=-1))


GRADIENTS: list[tuple[str, Callable[..., Any], Any, Any]] = [
    ("ties share", min_, [1.0, 3.0, 1.0], [0.5, 0, 0.5]),
    ("nan stays visible", min_, [nan, 1.0], [nan, nan]),
    ("inf is not smallest", min_, [inf, 1.0], [0, 1]),
    ("ties share", lambda x: norm(x, inf), [1.0, -3.0, 3.0], [0, -0.5, 0.5]),
]


@pytest.mark.parametrize(("what", "f", "at", "gradient"), GRADIENTS)
def test_gradient_where_it_could_go_wrong(what: str, f: Any, at: Any, gradient: Any) -> None:
    got = fg.grad(lambda x: f(x).sum())(np.array(at)).numpy()
    assert np.array_equal(got, gradient, equal_nan=True), what


# ---- halves ---------------------------------------------------------------------------------
FOLDS: dict[str, Callable[[Any], Any]] = {
    "sum": fg.sum, "mean": mean, "logsumexp": logsumexp, "softmax": softmax, "var": var,
    "log_softmax": log_softmax, "std": std, "norm": norm, "p_norm": lambda x: norm(x, 3),
    "cumsum": lambda x: cumsum(x, -1), "prod": lambda x: prod(x[..., :9], -1),
    "cumprod": lambda x: cumprod(x[..., :9], -1), "norm 1": lambda x: norm(x, 1, 0),
    "linear_recurrence": lambda x: linear_recurrence(0.5, x, 0),
    "cross_entropy": lambda x: cross_entropy(x, np.arange(len(x)), "none"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDS)
def test_halves_are_folded_in_float32_and_rounded_once(name: str) -> None:
    x = np.random.default_rng(0).uniform(0.25, 1.75, (40, 60)).astype(np.float16)
    got, wanted = FOLDS[name](x), FOLDS[name](x.astype(np.float64))
    assert got.dtype == np.float16
    half_a_step = np.spacing(abs(wanted).astype(np.float16)).astype(np.float64) / 2
    assert (abs(got - wanted) <= 1.01 * half_a_step + 1e-6 * abs(wanted)).all()


def test_halves_neither_saturate_nor_overflow_on_the_way() -> None:
    ones = np.ones((5000, 2), np.float16)
    assert fg.sum(ones, 0).tolist() == [5000, 5000] == cumsum(ones, 0)[-1].tolist()
    many = np.full(100_000, 300, np.float16)
    assert mean(many) == 300 and std(many) == var(many) == 0 and max_(softmax(many)) > 0
    for f in (mean, std, var):
        slopes = fg.grad(f)((many + np.arange(100_000) % 7).astype(np.float16)).numpy()
        assert np.isfinite(slopes).all() and slopes.any()
    assert norm(np.full(4, 300, np.float16)) == 600


# ---- questions, and NumPy's words -----------------------------------------------------------
QUESTIONS = [queries.any_, queries.all_, queries.count_nonzero, queries.argmax, queries.argmin]


@pytest.mark.parametrize("ask", QUESTIONS)
def test_an_answer_has_no_gradient_and_comes_as_it_was_asked(ask: Any) -> None:
    x = leaf([[1.0, 0.0], [0.0, 3.0]])
    y = ask(x, axis=0)
    assert isinstance(y, Tensor) and not y.requires_grad and y.dtype.kind in "bi"
    assert isinstance(ask([0.0, 1.0]), np.ndarray) and ask(x.numpy()).shape == ()
    assert fg.jvp(lambda x: ask(x), (x,), (x,))[1].numpy().tolist() == 0


def test_nothing_at_all() -> None:
    none = np.zeros((2, 0))
    assert fg.sum(none) == 0 and prod(none, 1).tolist() == [1, 1] and norm(none) == 0
    assert not queries.any_(none) and queries.all_(none) and queries.count_nonzero(none) == 0
    assert min_(none, 0).shape == queries.argmax(none, 0).shape == (0,)
    assert cumsum(none).shape == (0,) and sort(none, 0).shape == (2, 0)
    assert prod([True, True]).dtype == cumsum([True]).dtype == np.int64


PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any], bool]] = {
    "min": (min_, np.min, True), "prod": (prod, np.prod, True), "var": (var, np.var, True),
    "std": (std, np.std, True), "median": (median, np.median, True),
    "any": (queries.any_, np.any, True), "all": (queries.all_, np.all, True),
    "count_nonzero": (queries.count_nonzero, np.count_nonzero, True),
    "argmax": (queries.argmax, np.argmax, False), "argmin": (queries.argmin, np.argmin, False),
}  # fmt: skip


@given(st.data())
def test_axes_and_keepdims_are_numpys(data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(PAIRS)))
    ours, theirs, several = PAIRS[name]
    shape = tuple(data.draw(st.lists(st.integers(1, 3), max_size=4)))
    n = len(shape)
    x = np.random.default_rng(data.draw(st.integers(0, 99))).integers(-2, 3, shape) * 1.0
    one = st.none() | st.integers(-n, n - 1) if n else st.none()
    some = st.lists(st.integers(0, n - 1), unique=True).map(tuple) if n and several else one
    axis, keepdims = data.draw(one | some), data.draw(st.booleans())
    got = ours(x, axis=axis, keepdims=keepdims)
    assert error(got, theirs(x, axis=axis, keepdims=keepdims)) <= 8 * EPS
