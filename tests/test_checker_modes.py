"""What the checker can be asked for: the whole Jacobian, one random direction, kinks, and whose
fault a wrong gradient is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine.ops.elementwise import multiply
from tests.ops_sample import refused

X = np.array([[0.5, -1.0], [2.0, 0.25]])


@fg.primitive(vjp=lambda g, x: multiply(g, fg.cos(x) * 1.001))
def off(x: Any) -> Any:
    return np.sin(x)


@fg.primitive(vjp=lambda g, x: multiply(g, fg.cos(x)) * np.array([[1, 1], [1, 1.001]]))
def off_at_one(x: Any) -> Any:
    return np.sin(x)


def network(w: Any, b: Any) -> Any:
    return fg.log_softmax(fg.tanh(X @ w + b) @ w, 1)


@pytest.mark.parametrize("mode", ["elements", "full", "random"])
@pytest.mark.parametrize("order", [1, 2])
def test_every_mode_accepts_what_is_right(mode: str, order: int) -> None:
    assert fg.gradcheck(network, X, X[0], mode=mode, order=order).error <= 1e-7


@pytest.mark.parametrize("mode", ["elements", "full", "random"])
@pytest.mark.parametrize("planted", [off, off_at_one])
def test_every_mode_finds_a_thousandth(mode: str, planted: Callable[..., Any]) -> None:
    with pytest.raises(fg.GradientError, match="index"):
        fg.gradcheck(lambda x: fg.exp(planted(x)), X, mode=mode)


def test_the_whole_jacobian_names_input_and_output() -> None:
    with pytest.raises(fg.GradientError) as caught:
        fg.gradcheck(lambda x: off_at_one(x) @ X, X, mode="full")
    assert "argument 0, index (1, 1, 1, 0)" in str(caught.value)


def test_a_random_direction_moves_everything_at_once() -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return fg.sin(x)

    fg.gradcheck(counted, np.linspace(0, 1, 10_000), mode="random")
    assert len(calls) <= 12


def test_gradgradcheck_checks_the_second_order() -> None:
    first_only = fg.primitive(vjp=lambda g, x: g * fg.Tensor(np.cos(np.asarray(x))))
    f = first_only(lambda x: np.sin(x))
    assert fg.gradcheck(f, X).error <= 1e-7
    with pytest.raises(fg.GradientError, match=r"^gradcheck of the gradient of"):
        fg.gradgradcheck(f, X)


# ---- whose fault ----------------------------------------------------------------------------
def test_the_op_at_fault_is_named_with_its_line() -> None:
    def f(a: Any, b: Any) -> Any:
        h = fg.tanh(a @ b)
        h = off(h)  # the line
        return fg.softmax(h * b)

    with pytest.raises(fg.GradientError) as caught:
        fg.gradcheck(f, X, X)
    line = f.__code__.co_firstlineno + 2
    named = f"look at the vjp or slope of argument x of off (test_checker_modes.py:{line})"
    assert str(caught.value).endswith(named)


def test_where_every_op_is_right_nobody_is_blamed() -> None:
    with pytest.raises(fg.GradientError) as caught:
        fg.gradcheck(lambda x: x * x.detach(), X)
    assert str(caught.value).endswith("look at the vjp or slope of this argument")


# ---- kinks ----------------------------------------------------------------------------------
KINKS: list[tuple[str, Callable[..., Any], Any, str]] = [
    ("relu", fg.relu, [-1.0, 0.0, 1.0], "index (1,)"),
    ("abs", fg.abs, [0.0, 1.0], "index (0,)"),
    ("max of a tie", fg.max, [1.0, 2.0, 2.0], "index (1,)"),
    ("maximum", lambda x: fg.maximum(x, 0.5), [0.5], "index (0,)"),
    ("where", lambda x: fg.where(x > 0, x, 3.0 * x), [0.0], "index (0,)"),
    ("beside a kink", fg.relu, [1e-6], "index (0,)"),
]


@pytest.mark.parametrize("mode", ["elements", "full"])
@pytest.mark.parametrize(("name", "f", "at", "index"), KINKS)
def test_a_kink_is_told_from_an_error(
    name: str, f: Any, at: Any, index: str, mode: str
) -> None:
    with pytest.raises(fg.KinkError) as caught:
        fg.gradcheck(f, at, mode=mode)
    assert index[:-2] in str(caught.value) and "one slope" in str(caught.value)


SMOOTH: list[tuple[Callable[..., Any], Any]] = [
    (lambda x: fg.exp(20.0 * x), [0.0, 1.0]),
    (lambda x: fg.sin(300.0 * x), [0.0, 0.1]),
    (lambda x: 1e-8 * x * x, [0.0, 1e-9]),
    (lambda x: 1e6 + x, [0.0]),
    (lambda x: fg.sqrt(x), [1e-3]),
    (lambda x: x**4, [0.0]),
    (lambda x: fg.tanh(50.0 * x), [0.0, 0.01]),
]


@pytest.mark.parametrize(("f", "at"), SMOOTH)
def test_what_is_smooth_is_no_kink(f: Any, at: Any) -> None:
    fg.gradcheck(f, at, tolerance=1e-6)


def test_an_unknown_mode_is_refused() -> None:
    text = "gradcheck: expected mode in elements, full, random, got 'fast'; choose one of these"
    with refused(fg.OptionError, text):
        fg.gradcheck(fg.exp, X, mode="fast")
