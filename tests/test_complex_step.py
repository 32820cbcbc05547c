"""Gradients against the complex step: Im f(x + ih) / h is the derivative of an analytic f, and
without a difference in it, it is right to the last digits for h as small as 1e-200.

A row is read word by word, from its formula alone, in NumPy's functions of complex numbers.
Other ops run their kernels on complex arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import OPS, ROWS
from fusegrad.engine.complex_step import WORDS, H, meaning
from fusegrad.kernels import Word
from fusegrad.kernels.node import plain
from fusegrad.kernels.program import Program
from tests.cases import OPERATIONS
from tests.cases.operation import numbers
from tests.ops_sample import derivative
from tests.rows_sample import drawn

EPS = float(np.finfo(np.float64).eps)
RELATIVE = 64 * EPS  # a word is one rounding or so, and no program has more words than that
# What cancels was rounded before: a few EPS of the largest derivative on the way.
CANCELLED = 4 * EPS
POINTS = 12

# ---- rows, word by word ---------------------------------------------------------------------
ROWS_LEFT_OUT = {
    "erf": "NumPy has no erf",
    "erfc": "NumPy has no erfc",
    "gelu": "NumPy has no erfc",
    "lgamma": "NumPy has no lgamma",
}
SLOPED = [(n, i) for n, r in ROWS.items() for i, s in enumerate(r.slopes) if s is not None]
EACH = pytest.mark.parametrize(("name", "i"), [s for s in SLOPED if s[0] not in ROWS_LEFT_OUT])


def stepped(program: Program, values: dict[str, Any]) -> tuple[Any, float]:
    """The value of a program, and the largest derivative that any of its words has."""
    largest = 0.0

    def noted(word: Word) -> Callable[..., Any]:
        def compute(*args: Any) -> Any:
            nonlocal largest
            y = meaning(word)(*args)
            largest = max(largest, float(np.max(abs(np.imag(y))) / H))
            return y

        return compute

    return program.interpret(values, {}, plain, noted)[0], largest


def along(x: np.ndarray, is_moved: bool) -> np.ndarray:
    return x + 1j * H if is_moved else x + 0j


def assert_slopes(step: tuple[Any, float], slope: Any) -> None:
    got = np.broadcast_to(np.imag(step[0]) / H, slope.shape)
    assert np.all(abs(got - slope) <= RELATIVE * abs(slope) + CANCELLED * step[1])


def arguments(name: str) -> list[np.ndarray]:
    return drawn(name, np.random.default_rng(list(name.encode())), POINTS)


def test_the_rows_left_out_are_those_with_a_word_that_numpy_lacks() -> None:
    words = {n: {w.name for w in ROWS[n].formula.program.words} for n, _ in SLOPED}
    assert ROWS_LEFT_OUT.keys() == {n for n, named in words.items() if not named <= WORDS}


@EACH
def test_a_slope_equals_the_complex_step(name: str, i: int) -> None:
    args, inputs = arguments(name), ROWS[name].op.inputs
    moved = [along(x, k == i) for k, x in enumerate(args)]
    step = stepped(ROWS[name].formula.program, dict(zip(inputs, moved)))
    assert_slopes(step, derivative(ROWS[name].function, [i])(*args).numpy())


@EACH
def test_a_derivative_of_a_slope_equals_the_complex_step_of_its_rule(name: str, i: int) -> None:
    args, inputs = arguments(name), ROWS[name].op.inputs
    rule: Any = ROWS[name].op.vjps[i]
    for j in (j for n, j in SLOPED if n == name):
        known = {n: along(x, k == j) for k, (n, x) in enumerate(zip(inputs, args))}
        y, largest = stepped(ROWS[name].formula.program, known)
        known |= {"g": np.ones(POINTS), "y": y}
        given = {n: known[n] for n in rule.kernel.program.inputs}
        step, more = stepped(rule.kernel.program, given)
        wanted = derivative(ROWS[name].function, [i, j])(*args).numpy()
        assert_slopes((step, max(largest, more)), wanted)


# ---- other ops, through their kernels on complex arrays -------------------------------------
OPS_LEFT_OUT = {
    "astype": "a cast to real numbers drops the imaginary part",
    "std": "scaled by |x|, which is real",
    "norm": "scaled by |x|, which is real",
    "p_norm": "made of |x|, which is real",
    "cofactors": "made of singular values, which are real",
    "slogdet": "log |det x| is real",
    "cholesky": "L L^H = x takes a conjugate",
    "qr": "Q^H Q = 1 takes a conjugate",
    "svd": "singular values are real",
    "eigh": "eigenvalues of a matrix that equals its conjugate transpose are real",
}
USES = [(op, *use) for op, known in OPERATIONS.items() for use in known.uses]
STEPPED = [use for use in USES if use[0] not in OPS_LEFT_OUT]


def steps(f: Callable[..., Any], args: Sequence[np.ndarray], weights: np.ndarray) -> Any:
    """The gradient of <weights, f> in each argument, element by element."""
    gradients = [np.zeros(a.shape) for a in args]
    for i, gradient in enumerate(gradients):
        for place in np.ndindex(gradient.shape):
            moved = [a.astype(complex) for a in args]
            moved[i][place] += 1j * H
            gradient[place] = np.imag((weights * f(*moved)).sum()) / H
    return gradients


def both_ways(f: Callable[..., Any], args: Sequence[np.ndarray]) -> tuple[Any, Any]:
    """Gradients by the complex step, and the engine's."""
    y, pullback = fg.vjp(f, *args)
    weights = np.random.default_rng(11).uniform(0.5, 1.5, y.shape)
    return steps(f, args, weights), [g.numpy() for g in pullback(weights)]


def differ(one: Any, other: Any) -> bool:
    """By more than rounding, in relation to the largest element."""
    return any(
        abs(a - b).max(initial=0) > RELATIVE * max(1, abs(b).max(initial=0))
        for a, b in zip(one, other, strict=True)
    )


def called(op: str, params: Any) -> Callable[..., Any]:
    return lambda *args: OPERATIONS[op].call(*args, *params)


def test_every_op_is_stepped_or_left_out() -> None:
    assert {op for op, *_ in USES} == OPS.keys() - ROWS.keys()
    assert OPS_LEFT_OUT.keys() < {op for op, *_ in USES}


@pytest.mark.parametrize(("op", "shapes", "params"), STEPPED, ids=str)
def test_gradients_of_an_op_equal_the_complex_step(op: str, shapes: Any, params: Any) -> None:
    assert not differ(*both_ways(called(op, params), OPERATIONS[op].draw(shapes)))


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("op", OPS_LEFT_OUT)
def test_an_op_is_left_out_only_where_the_step_is_wrong(op: str) -> None:
    wrong = []
    for shapes, params in OPERATIONS[op].uses:
        try:
            wrong.append(differ(*both_ways(called(op, params), OPERATIONS[op].draw(shapes))))
        except (TypeError, ValueError):
            wrong.append(True)
    assert any(wrong)


COMPOSED: dict[str, tuple[Callable[..., Any], Any]] = {
    "einsum of three": (lambda *x: fg.einsum("ij,jk,kl->il", *x), ((2, 3), (3, 2), (2, 2))),
    "einsum of a diagonal": (lambda x: fg.einsum("iij->j", x), ((2, 2, 3),)),
    "einsum of batches": (lambda *x: fg.einsum("...i,...i", *x), ((2, 3), (3,))),
    "tensordot": (lambda a, b: fg.tensordot(a, b, 1), ((2, 3), (3, 2))),
    "trace of a quotient": (lambda a, b: fg.solve(a, b).trace(), ((3, 3), (3, 3))),
    "a determinant of a product": (lambda a, b: fg.det(fg.matmul(a, b)), ((2, 3), (3, 2))),
    "median": (fg.median, ((2, 3),)),
    "a sorted product": (lambda x: fg.cumprod(fg.sort(x)), ((5,),)),
    "an average pool": (lambda x: fg.avg_pool2d(x, 2, 1), ((1, 1, 3, 3),)),
    "a softmax of a product": (lambda a, b: fg.softmax(fg.matmul(a, b)), ((2, 3), (3, 4))),
}


@pytest.mark.parametrize("what", COMPOSED)
def test_gradients_of_composed_functions_equal_the_complex_step(what: str) -> None:
    f, shapes = COMPOSED[what]
    assert not differ(*both_ways(f, numbers(shapes)))
