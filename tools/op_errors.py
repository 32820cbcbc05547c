"""How far every op is from 50-digit arithmetic on every case of the tests; see ops_table.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import fusegrad as fg
from fusegrad.engine import OPS, ROWS, Tensor
from tests import ops_sample as sample
from tests.cases import OPERATIONS
from tests.ops_sample import MP, STEP
from tests.rows_sample import ORACLES, drawn

EXACT = Callable[..., Any]


class Measured(NamedTuple):
    """A function of arrays, the same in 50 digits, and the arrays."""

    f: Callable[..., Any]
    oracle: EXACT
    args: list[np.ndarray]


def cases_of(name: str) -> Iterator[Measured]:
    """Everything an op is measured on."""
    if name in ROWS:
        args = drawn(name, np.random.default_rng(1), 8)
        whole = np.frompyfunc(ORACLES[name], len(args), 1)
        yield Measured(ROWS[name].function, whole, args)
        return
    known = OPERATIONS[name]
    for shapes, params in known.uses:

        def call(*x: Any, params: Any = params) -> Any:
            return known.call(*x, *params)

        def oracle(*x: Any, params: Any = params) -> Any:
            return np.asarray(known.oracle(*x, *params))

        yield Measured(call, oracle, known.draw(shapes))


def relative(got: Any, wanted: Any) -> float:
    """The largest error, relative to the wanted number or 1."""
    got, wanted = np.asarray(got, float), np.asarray(wanted).astype(float)
    return float(np.max(np.abs(got - wanted) / np.maximum(1, np.abs(wanted)), initial=0.0))


def value_error(m: Measured) -> float:
    return relative(m.f(*map(Tensor, m.args)), m.oracle(*map(sample.exact, m.args)))


class Projected:
    """phi(x) = <u, f(x)>, one number, of a case: its derivatives by the engine and in 50 digits
    along every element of every sloped argument."""

    def __init__(self, m: Measured, sloped: list[int]) -> None:
        rng = np.random.default_rng(2)
        y = m.f(*map(Tensor, m.args))
        self.m, self.sloped = m, sloped
        self.u = rng.standard_normal(y.shape)
        self.v = [rng.standard_normal(m.args[i].shape) for i in sloped]
        self.exact_u = sample.exact(self.u)

    def given(self, moved: Any, others: Any) -> list[Any]:
        args = list(others)
        for i, x in zip(self.sloped, moved):
            args[i] = x
        return args

    def phi(self, *moved: Any) -> Any:
        return fg.sum(self.m.f(*self.given(moved, self.m.args)) * self.u)

    def exact(self, *moved: Any) -> Any:
        y = self.m.oracle(*self.given(moved, map(sample.exact, self.m.args)))
        return np.sum(np.asarray(y * self.exact_u)) if np.size(y) else MP.mpf(0)

    def points(self) -> list[np.ndarray]:
        return [self.m.args[i] for i in self.sloped]


def gradient_error(p: Projected) -> float:
    at = [sample.exact(x) for x in p.points()]
    found = fg.grad(p.phi, tuple(range(len(at))))(*p.points())
    worst = 0.0
    for k, x in enumerate(at):
        for index in np.ndindex(x.shape):
            up, down = (p.exact(*_moved(at, k, index, s * STEP)) for s in (1, -1))
            worst = max(worst, relative(found[k].numpy()[index], (up - down) / (2 * STEP)))
    return worst


def second_error(p: Projected) -> tuple[float, float]:
    """The worst error of the derivative of the gradient along v, and its largest element."""
    at = [sample.exact(x) for x in p.points()]
    along = [sample.exact(v) for v in p.v]
    _, found = fg.jvp(fg.grad(p.phi, tuple(range(len(at)))), p.points(), p.v)
    worst = largest = 0.0
    for k, x in enumerate(at):
        for index in np.ndindex(x.shape):
            corners = [
                p.exact(*_moved(_stepped(at, along, t), k, index, s * STEP))
                for s in (1, -1)
                for t in (1, -1)
            ]
            wanted = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * STEP**2)
            worst = max(worst, relative(found[k].numpy()[index], wanted))
            largest = max(largest, abs(float(wanted)))
    return worst, largest


def _stepped(at: list[Any], along: list[Any], sign: int) -> list[Any]:
    return [np.asarray(a + sign * STEP * v, object) for a, v in zip(at, along)]


def _moved(at: list[Any], k: int, index: Any, step: Any) -> list[Any]:
    moved = [a.copy() for a in at]
    moved[k][index] += step
    return moved


def transposed_error(p: Projected) -> float:
    """How far <u, J v> is from <J^T u, v>, relative to the sizes of their terms."""

    def f(*moved: Any) -> Any:
        return p.m.f(*p.given(moved, p.m.args))

    _, jv = fg.jvp(f, p.points(), p.v)
    _, pullback = fg.vjp(f, *p.points())
    terms = [p.u * jv.numpy(), *(g.numpy() * t for g, t in zip(pullback(p.u), p.v))]
    size = max(1.0, *(float(abs(t).sum()) for t in terms))
    return abs(float(terms[0].sum()) - sum(float(t.sum()) for t in terms[1:])) / size


def sloped_arguments(name: str, m: Measured) -> list[int]:
    vjps = OPS[name].vjps
    given = range(len(m.args))
    return [i for i in given if OPS[name].variadic or vjps[i] is not None]


def kept_dtypes(name: str) -> str:
    """The widths in which value and gradients stay."""
    m = next(cases_of(name))
    kept = []
    for dtype in (np.float16, np.float32, np.float64):
        args = [Tensor(a, dtype=dtype, requires_grad=True) for a in m.args]
        y = m.f(*args)
        if y.requires_grad:
            y.backward(np.ones(y.shape))
        grads = {a.grad.dtype for a in args if a.grad is not None}
        if name == "astype" or (y.dtype in (dtype, bool) and grads <= {np.dtype(dtype)}):
            kept.append(str(np.dtype(dtype).itemsize * 8))
    return "float " + " ".join(kept)
