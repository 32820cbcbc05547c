"""Ops of one's own: rows and primitives differentiate, to any order, forward and reverse, and
what is wrong with them is said at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import OPS, ROWS
from fusegrad.kernels import lift
from fusegrad.kernels import words as w
from tests.ops_sample import error, refused

X = np.array([[0.5, -1.0], [2.0, 0.25]])


def swish_slope(x: Any, beta: Any, y: Any) -> Any:
    s = 1 / (1 + w.exp(-beta * x))
    return s + beta * y * (1 - s)


swish = fg.define_op(
    "swish",
    lambda x, beta: x / (1 + w.exp(-beta * x)),
    swish_slope,
    lambda x, beta, y: y * (x - y),
)


@fg.primitive(
    vjp=lambda g, x, axis: fg.flip(fg.cumsum(fg.flip(g, axis), axis), axis),
    jvp=lambda t, axis: fg.cumsum(t, axis),
)
def running(x: Any, *, axis: int) -> Any:
    return np.cumsum(x, axis)


@fg.primitive(vjp=(lambda g, b: g * b, lambda g, a: g * a))
def times(a: Any, b: Any) -> Any:
    return a * b


@fg.primitive(vjp=lambda g, x: g * 3.0 * x * x)
def cube(x: Any) -> Any:
    return x**3


@pytest.mark.parametrize("op", [cube, lambda x: times(x, x[0]), lambda x: running(x, axis=1)])
def test_a_primitive_has_every_derivative(op: Any) -> None:
    fg.gradcheck(lambda x: fg.sin(op(x)), X, order=2)
    rows, columns = (fg.jacobian(op, mode=m)(X) for m in ("reverse", "forward"))
    assert error(rows, columns) <= 1e-14

    def loss(x: Any) -> Any:
        return fg.sum(fg.sin(op(x)))

    one, other = (fg.hessian(loss, mode=m)(X) for m in ("reverse", "forward"))
    assert error(one, other) <= 1e-13


def test_a_row_has_every_derivative_and_every_reader() -> None:
    fg.gradcheck(swish, X, np.array([0.5, 2.0]), order=2)
    third = fg.grad(fg.grad(fg.grad(lambda x: swish(x, 1.0))))(0.7)
    wanted = fg.grad(fg.grad(fg.grad(fg.silu)))(0.7)
    assert error(third, wanted) <= 1e-14
    assert swish(np.float32(1.0), np.float32(1.0)).dtype == np.float32
    many = np.linspace(-3, 3, 100_000)
    fused = lift(lambda x: x / (1 + w.exp(-2 * x)), "swish", reader="numba")(many)
    assert error(swish(many, np.full_like(many, 2.0)), fused) <= 1e-15


def test_a_slope_that_is_wrong_is_refused_at_the_definition() -> None:
    with pytest.raises(fg.GradientError, match=r"^gradcheck of sine: .* of sine"):
        fg.define_op("sine", lambda x: w.sin(x), lambda x: 1.001 * w.cos(x))


def test_a_definition_can_be_made_again_and_leaves_the_tables_alone() -> None:
    for factor in (1.0, 2.0):
        scaled = fg.define_op("scaled", lambda x: x * factor, lambda: factor)  # noqa: B023
        assert "scaled" not in OPS and "scaled" not in ROWS
        assert scaled(3.0) == 3.0 * factor


def test_a_primitive_runs_on_plain_arrays_and_counts_as_a_kernel() -> None:
    seen = []
    with fg.observe(lambda kernel, args, params, y: seen.append(kernel.name)):
        y = cube(np.array([1.0, 2.0]))
    assert isinstance(y, np.ndarray) and seen == ["cube"]


def test_none_passes_no_gradient() -> None:
    picked = fg.primitive(vjp=(lambda g: g, None))(lambda x, k: x + 0 * k)
    k = fg.Tensor(2.0, requires_grad=True)
    x = fg.Tensor(1.0, requires_grad=True)
    picked(x, k).backward()
    assert x.grad.item() == 1.0 and k.grad is None


def test_wrong_definitions_and_calls_are_refused() -> None:
    text = "primitive f: expected a vjp of {}, got z; name what it reads"
    with refused(fg.OptionError, text.format("g, input_index, input_shape, x, y")):

        @fg.primitive(vjp=lambda g, z: g)
        def f(x: Any) -> Any:
            return x

    with refused(fg.OptionError, "primitive h: expected one jvp for each of a, b, got 1; None "
                 "passes nothing"):  # fmt: skip

        @fg.primitive(vjp=(lambda g: g, None), jvp=lambda t: t)
        def h(a: Any, b: Any) -> Any:
            return a

    with refused(fg.DTypeError, "cube: expected 1 arrays (x) by position, got 2 and []; "
                 "settings go by keyword"):  # fmt: skip
        cube(1.0, 2.0)
