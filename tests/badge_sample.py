"""What the tests of gradient badges share: recorded passes, and twenty wrong vjps in them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import fusegrad as fg
from fusegrad.engine import OPS, ROWS
from fusegrad.engine.ops.elementwise import cos, multiply
from fusegrad.microscope import Trace
from fusegrad.microscope.badge import Badge
from fusegrad.microscope.passes import Pass

A = np.array([[0.5, -1.0, 2.0], [0.25, 1.5, -0.75]])
B = np.array([[1.25, -0.5], [0.75, 2.0], [-1.5, 0.3]])
SLOPED = [n for n, row in ROWS.items() if any(row.slopes)]


def recorded(f: Callable[..., Any], *arrays: Any, dtype: Any = np.float64) -> Pass:
    """A pass of f and its way back, from all of its values added up."""
    leaves = [fg.Tensor(np.asarray(a, dtype), requires_grad=True) for a in arrays]
    with fg.trace() as seen:
        found = f(*leaves)
        every = found if isinstance(found, (tuple, list)) else [found]
        functools.reduce(operator.add, [y.sum() for y in every if y.requires_grad]).backward()
    assert isinstance(seen, Trace)
    return seen.passes[0]


def leaf(a: Any, dtype: Any) -> Any:
    return fg.Tensor(np.asarray(a, dtype), requires_grad=True)


def of(name: str, found: Sequence[Badge]) -> list[Badge]:
    return [badge for badge in found if badge.name == name]


# ---- twenty mistakes ------------------------------------------------------------------------
class Mistake(NamedTuple):
    """A wrong vjp of an input of an op, in a program of some matrices."""

    op: str
    input: int
    vjp: Callable[..., Any]
    program: Callable[..., Any]


def wrong(i: int, name: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    """The vjp that an op has, and a change of what it gives."""
    vjp: Any = OPS[name].vjps[i]
    if hasattr(vjp, "names"):
        return with_names(vjp.names, lambda *args: change(vjp(*args)))
    return functools.wraps(vjp)(lambda *args, **named: change(vjp(*args, **named)))


def with_names(names: Sequence[str], f: Callable[..., Any]) -> Callable[..., Any]:
    f.names = tuple(names)  # type: ignore[attr-defined]
    return f


def off(g: Any) -> Any:
    return multiply(g, 1.001)


def tangled(a: Any, b: Any) -> Any:
    """A small program that most ops have a place in."""
    h = fg.tanh(fg.matmul(a, b) * 0.5 + 0.25)
    return fg.softmax(h, axis=-1) * fg.exp(h) / (fg.sin(h) + 3.0)


def normed(a: Any, b: Any) -> Any:
    return (
        fg.log(fg.mean(fg.square(a), axis=1)) + fg.max(a, axis=1) + fg.logsumexp(b, axis=0)[0]
    )


def moved(a: Any, b: Any) -> Any:
    x = fg.concat([fg.transpose(a), b], axis=1)
    return fg.cumsum(x[[0, 2, 0]], axis=0) * fg.reshape(fg.reshape(x, (4, 3)), (3, 4))


def fitted(a: Any, b: Any) -> Any:
    return fg.cross_entropy(fg.linear(a, fg.transpose(b), fg.sum(b, axis=0)), np.array([0, 1]))


MISTAKES = [
    Mistake("sin", 0, lambda g, x: multiply(multiply(g, cos(x)), -1.0), tangled),  # sign
    Mistake("exp", 0, lambda g, y: multiply(y, y), tangled),  # upstream forgotten
    Mistake("tanh", 0, lambda g, y: multiply(g, 1.0 - y), tangled),  # the square forgotten
    Mistake("tanh", 0, wrong(0, "tanh", off), tangled),
    Mistake("divide", 1, wrong(1, "divide", lambda g: -g), tangled),
    Mistake("divide", 0, lambda g, a: multiply(g, a), tangled),  # the other argument
    Mistake("matmul", 0, wrong(0, "matmul", lambda g: g[:, ::-1]), tangled),
    Mistake("matmul", 1, wrong(1, "matmul", lambda g: g.T.reshape(g.shape)), tangled),
    Mistake("matmul", 1, wrong(1, "matmul", off), tangled),
    Mistake("softmax", 0, lambda g, y: multiply(g, y), tangled),  # the sum forgotten
    Mistake("add", 0, lambda g: multiply(g, 0.999), tangled),
    Mistake("log", 0, lambda g, y: multiply(g, y), normed),
    Mistake("square", 0, lambda g, x: multiply(g, x), normed),  # the factor 2
    Mistake("mean", 0, wrong(0, "mean", lambda g: g * 3.0), normed),  # the count
    Mistake("max", 0, wrong(0, "max", lambda g: g * 0.0), normed),  # a dead branch
    Mistake("logsumexp", 0, wrong(0, "logsumexp", np.cbrt), normed),
    Mistake("transpose", 0, lambda g: g.T[::-1], moved),
    Mistake("getitem", 0, wrong(0, "getitem", lambda g: np.minimum(g, 1.6)), moved),  # twice
    Mistake("linear", 2, lambda g: g[0], fitted),  # the sum of a broadcast
    Mistake("cross_entropy", 0, wrong(0, "cross_entropy", lambda g: g - g.mean() + 1), fitted),
]
