"""The checker itself: it accepts every op, and finds an error of 0.1 % in any of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import OPS, ROWS, Difference, GradientError, Tensor
from fusegrad.engine.check import TOLERANCE
from fusegrad.engine.custom import _Transposed
from fusegrad.engine.op import Op
from fusegrad.engine.ops.elementwise import cos, exp, multiply, sin
from fusegrad.engine.ops.softmax import softmax
from fusegrad.engine.row import SlopeVjp
from fusegrad.engine.tape import apply
from fusegrad.engine.value import Value
from fusegrad.kernels import DTypeError, kernel
from tests.cases import OPERATIONS
from tests.ops_sample import refused
from tests.rows_sample import drawn

PLANTED = 1.001
SLOPED = [(n, i) for n, r in ROWS.items() for i, s in enumerate(r.slopes) if s is not None]
FOUND = re.compile(
    r"^gradcheck of (.+): expected relative error <= (\S+), "
    r"got argument (\d+), index (\(.*?\)): gradient (\S+), difference (\S+), "
    r"relative error (\S+); look at the vjp or slope of (?:this argument|argument .+)$"
)


def found(f: Callable[..., Any], *args: Any, **options: Any) -> tuple[str, ...]:
    """What the message of a failed check names: function, tolerance, place and numbers."""
    with pytest.raises(GradientError) as caught:
        fg.gradcheck(f, *args, **options)
    match = FOUND.match(str(caught.value))
    assert match, str(caught.value)
    return match.groups()


def checked(name: str) -> tuple[Callable[..., Any], list[np.ndarray]]:
    """A row as a function of the arguments that have a slope."""
    args = drawn(name, np.random.default_rng(0), 3)
    free = sloped(name)

    def moved(*values: Any) -> Any:
        known = dict(enumerate(args)) | dict(zip(free, values, strict=True))
        return ROWS[name].function(*known.values())

    return moved, [args[i] for i in free]


def sloped(name: str) -> list[int]:
    """The positions of the arguments that have a slope."""
    return [i for i, slope in enumerate(ROWS[name].slopes) if slope is not None]


def plant(patch: pytest.MonkeyPatch, op: Op, i: int, vjp: Any) -> None:
    """Give an op another vjp until the test is over."""
    patch.setattr(op, "vjps", (*op.vjps[:i], vjp, *op.vjps[i + 1 :]))
    patch.setattr(op, "plans", {})


# ---- errors of 0.1 % in every op there is ---------------------------------------------------
@pytest.mark.parametrize(("name", "i"), SLOPED)
def test_a_slope_that_is_off_by_a_thousandth_is_found(
    name: str, i: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    f, args = checked(name)
    assert fg.gradcheck(f, *args, order=2).error <= TOLERANCE
    slope = ROWS[name].slopes[i]
    assert slope is not None

    @functools.wraps(slope)
    def off(*values: Any) -> Any:
        return PLANTED * slope(*values)

    plant(monkeypatch, ROWS[name].op, i, SlopeVjp("off", off))
    _, _, argument, _, gradient, difference, _ = found(f, *args)
    twice = (name, i) == ("multiply", 0)  # gradcheck itself multiplies, by a direction
    assert int(argument) == sloped(name).index(i)
    ratio = float(gradient) / float(difference)
    assert ratio == pytest.approx(PLANTED ** (1 + twice), rel=1e-5)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_vjp_that_is_off_by_a_thousandth_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, uses, draw = OPERATIONS[name].call, OPERATIONS[name].uses, OPERATIONS[name].draw
    shapes, params = uses[0]
    for i, vjp in enumerate(OPS[name].vjps):
        if vjp is None:
            continue

        @functools.wraps(vjp)
        def off(*values: Any, vjp: Any = vjp) -> Any:
            return multiply(vjp(*values), PLANTED)

        with monkeypatch.context() as patch:
            plant(patch, OPS[name], i, off)
            assert found(lambda *x: fg.sin(call(*x, *params)), *draw(shapes))
    fg.gradcheck(lambda *x: fg.sin(call(*x, *params)), *draw(shapes))


# ---- the mistakes people make ---------------------------------------------------------------
def op_of(compute: Callable[..., Any], *vjps: Any, jvp: Any = None) -> Callable[..., Any]:
    """An op outside the tables, from a function of arrays and the vjps of its inputs a, b."""
    jvp = jvp or tuple(map(_Transposed, vjps))
    op = Op("planted", kernel(compute), ("a", "b")[: len(vjps)], vjps, jvp)
    return lambda *args: apply(op, *args)


def still(x: Any) -> Any:
    """x as the derivative of a derivative must not see it: outside the graph."""
    return x.detach() if isinstance(x, Value) else x


SQUARE = np.array([[0.5, -1.0], [2.0, 0.25]])
MISTAKES: dict[str, Callable[..., Any]] = {
    "the sign of cos'": op_of(np.cos, lambda g, a: multiply(g, sin(a))),
    "the factor of a square": op_of(np.square, lambda g, a: multiply(g, a)),
    "the upstream gradient": op_of(np.exp, lambda g, y: y),
    "the exponent of a cube": op_of(lambda a: a**3, lambda g, a: g * 3 * a),
    "a transpose": op_of(np.transpose, lambda g: g),
    "a reversal": op_of(lambda a: a[::-1], lambda g: g),
    "a factor of matmul": op_of(lambda a: a @ a, lambda g, a: g @ fg.transpose(a)),
    "the transpose in matmul": op_of(lambda a: SQUARE @ a, lambda g: SQUARE @ g),
    "the count of a mean": op_of(lambda a: a.mean(0), lambda g: g / 3.0 + SQUARE * 0),
    "the mean term of softmax": op_of(
        lambda a: np.exp(a) / np.exp(a).sum(-1, keepdims=True), lambda g, y: g * y
    ),
    "an element used twice": op_of(lambda a: a[[0, 0]], lambda g: fg.stack([g[0], g[1] * 0.0])),
    "half of a sum": op_of(lambda a: a + a.T, lambda g: g),
    "a dead branch": op_of(lambda a: np.maximum(a, 0), lambda g: g),
    "the chain through a ratio": op_of(lambda a: 1 / a, lambda g, y: -g * y),
    "degrees": op_of(lambda a: np.sin(np.deg2rad(a)), lambda g, a: g * fg.cos(a * np.pi / 180)),
    "one of two inputs": op_of(lambda a: a * a[0, 0], lambda g, a: g * a[0, 0]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_forgotten_piece_of_a_derivative_is_found(mistake: str) -> None:
    assert found(MISTAKES[mistake], SQUARE)


def test_the_message_names_argument_index_and_both_numbers() -> None:
    off = np.array([[1.0, 1.0], [PLANTED, 1.0]])
    times = op_of(np.multiply, lambda g, b: g * b, lambda g, a: g * a * off)

    def product(a: Any, b: Any) -> Any:
        return times(a, b)

    name, tolerance, argument, index, gradient, difference, error = found(
        product, SQUARE, SQUARE + 1, rng=np.random.default_rng(5)
    )
    slopes = SQUARE * np.random.default_rng(5).standard_normal((2, 2))
    assert (name, tolerance, argument, index) == ("product", "1e-07", "1", "(1, 0)")
    assert float(gradient) == pytest.approx(PLANTED * slopes[1, 0], rel=1e-14)
    assert float(difference) == pytest.approx(slopes[1, 0], rel=TOLERANCE)
    wrong = abs(slopes[1, 0]) * (PLANTED - 1) / max(1, abs(slopes).max())
    assert float(error) == pytest.approx(wrong, rel=0.05)  # two digits are shown


# ---- second order ---------------------------------------------------------------------------
FROZEN: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "its input": (np.sin, lambda g, a: multiply(g, cos(still(a)))),
    "its output": (np.exp, lambda g, y: multiply(g, still(y))),
    "the gradient it was given": (lambda a: 3 * a, lambda g: multiply(still(g), 3.0)),
    "a part of its input": (np.square, lambda g, a: multiply(g, a + still(a))),
    "all it was given": (np.exp, lambda g, y: multiply(still(g), still(y))),
    "its softmax": (
        lambda a: np.log(np.exp(a).sum(-1)),
        lambda g, a: multiply(fg.reshape(g, (2, 1)), still(softmax(a))),
    ),
}


@pytest.mark.parametrize("frozen", FROZEN)
def test_a_vjp_that_detaches_passes_the_first_order_and_not_the_second(frozen: str) -> None:
    jvp = None if frozen == "its softmax" else "symmetric"  # elementwise, all others
    planted = op_of(*FROZEN[frozen], jvp=jvp)

    def curved(x: Any) -> Any:
        return exp(planted(x))

    assert fg.gradcheck(curved, SQUARE).error <= TOLERANCE
    assert found(curved, SQUARE, order=2)[0] == "the gradient of curved"


# ---- nan, inf, and what is refused ----------------------------------------------------------
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 1)])
def test_a_gradient_that_is_no_number_is_an_error(place: tuple[int, ...], bad: float) -> None:
    mask = np.ones((2, 2))
    mask[place] = bad
    spoilt = op_of(np.sin, lambda g, a: g * fg.cos(a) * mask)
    _, _, argument, index, gradient, _, _ = found(lambda x, y: spoilt(x) + y, SQUARE, SQUARE)
    assert (argument, index) == ("0", str(place))
    assert not np.isfinite(float(gradient))


def test_a_value_that_is_no_number_is_an_error() -> None:
    assert found(fg.log, np.array([1.0, -1.0]))[-1] == "nan"


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64])
def test_less_precision_than_float64_is_refused(dtype: Any) -> None:
    text = f"expected float64 in argument 1, got {np.dtype(dtype)}; convert it: differences"
    with refused(DTypeError, f"gradcheck: {text} in less precision prove little"):
        fg.gradcheck(lambda a, b: a * b, SQUARE, SQUARE.astype(dtype))


def test_a_check_that_passes_returns_the_worst_difference() -> None:
    worst = fg.gradcheck(lambda a, b: fg.sin(a) * b, SQUARE, Tensor(SQUARE))
    assert isinstance(worst, Difference) and 0 < worst.error <= TOLERANCE
    assert worst.gradient == pytest.approx(worst.difference, abs=TOLERANCE)
    assert fg.gradcheck(lambda a: a * 2.0, np.zeros((0, 3)), order=2).error == 0.0


def test_tolerance_is_what_the_caller_says() -> None:
    off = op_of(np.sin, lambda g, a: g * fg.cos(a) * PLANTED)
    assert fg.gradcheck(off, SQUARE, tolerance=1e-2).error > 1e-4
    assert found(off, SQUARE, tolerance=1e-5)[1] == "1e-05"


def test_planting_leaves_the_tables_as_they_were() -> None:
    assert "planted" not in OPS
    vjps = [ROWS[n].op.vjps[i] for n, i in SLOPED]
    assert all(isinstance(v, SlopeVjp) and v.kernel.name != "off" for v in vjps)
