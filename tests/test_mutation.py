"""Every way to change what a graph has saved, between forward and backward: refused, without
effect, or, past NumPy's lock, found by detect_anomaly. None is silent but those marked."""

from __future__ import annotations

import array
import copy
import operator
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import Tensor
from fusegrad.engine.ops.indexing import segment_sum
from fusegrad.kernels import DTypeError, GraphError, observe
from tests import mutation_ways as ways
from tests.mutation_ways import Build, Graph, at_once, by_backward, hooked, stepped
from tests.ops_sample import leaf

ZERO = np.zeros((2, 2))
set_, put, mul, redo = operator.setitem, setattr, operator.mul, fg.checkpoint


# ---- graphs to change -----------------------------------------------------------------------
def two(dtype: Any = float) -> np.ndarray:
    return np.array([3, 0], dtype)


def using(f: Callable[[Any, Any], Any], make: Callable[[], Any] = two, **how: Any) -> Build:
    """The graph of a function of a leaf and of what the user owns."""

    def build() -> Graph:
        x, raw = leaf([[1.0, 2.0], [3.0, 4.0]], name="x"), make()
        loss = fg.sum(f(x, raw) * np.array([[1.0], [10.0]]))
        return Graph(x, loss, None, raw, lambda: loss.backward(**how))

    return build


def holding(f: Callable[[Any], Any], make: Any = leaf, **how: Any) -> Build:
    """The graph that saves the value of a function."""

    def build() -> Graph:
        x = make(np.array([[1.0, 2.0], [3.0, 4.0]]))
        loss = fg.sum((h := f(x)) * h)
        return Graph(x, loss, h, run=lambda: loss.backward(**how))

    return build


def network() -> Graph:
    """A layer used twice, so that its weight is saved, but not its bias."""
    net = nn.Linear(2, 2, rng=np.random.default_rng(0))
    return Graph(net.weight, net(net(np.ones((1, 2), np.float32))).sum(), raw=net)


def dropout() -> nn.Dropout:
    return nn.Dropout(0.5, rng=np.random.default_rng(0))


def siblings() -> Graph:
    """Two branches that are handed the same gradient; h, the newer one, is walked first."""
    k, h = (x := leaf(two())) * 1.0, leaf(two()) * 1.0
    return Graph(x, ((k + h) * 2.0).sum(), h)


def retained() -> Graph:
    h = (leaf(two()) * 2.0).retain_grad()
    k = (h + 1.0).retain_grad()
    return Graph(h, (k * k).sum(), raw=k)


def watched() -> Graph:
    """What an observer of kernels keeps of a result, before that is locked."""
    x, kept = leaf(two()), []
    with observe(lambda kernel, args, params, y: kept.append(np.asarray(y).view())):
        h = x * 3.0
    return Graph(x, (h * h).sum(), h, kept)


# ---- functions to differentiate -------------------------------------------------------------
cubic = fg.grad(lambda x: fg.sum(x * x * x))
same = fg.primitive(vjp=lambda g: g)(lambda x: x)
rule_y = fg.primitive(vjp=lambda g, y: g * y)
weighed = fg.primitive(vjp=lambda g, k: g * k)(lambda x, *, k: x * k)


def careless(x: Any, switch: list[int]) -> Any:
    """An op whose vjp, once the switch is on, writes to the gradient that others get too."""

    def vjp(g: Any) -> Any:
        return operator.imul(g, 2.0) if switch else g

    return (x * 1.0 + fg.primitive(vjp=vjp)(lambda x: x + 0.0)(leaf(ZERO))) * 2.0


def written(g: Graph) -> None:
    g.raw[0] = 1


def assigned(g: Graph) -> None:
    g.raw.assign_([1, 1])


# ---- the table ------------------------------------------------------------------------------
LOCK = at_once((ValueError, TypeError, TypingError), "(?i)read-?(only|write)|write?able")
UFUNC = at_once(DTypeError, r"^np\.\w+(\.at| with out=): expected an op that fusegrad diff")
MASKED = at_once(DTypeError, "^multiply: expected plain arrays, got a masked array; fill it")
NAME = at_once(DTypeError, r"^np\.\w+: expected plain arrays, got a Tensor that requires a")
PART = at_once(GraphError, r"^Tensor\[\.\.\.\] = : expected a value, which never changes, ")
LEAF = at_once(GraphError, "^assign_: expected a leaf, got the output of multiply; compute ")
X, XX, C = by_backward(), by_backward(times=2), by_backward(name="c")
W, WHERE = by_backward("linear", "weight"), by_backward("where", "c")
CONSTANT, WEIGHT = partial(Tensor, two(), name="c"), partial(leaf, two(), name="c")
MASK, PICKED = partial(Tensor, two(bool), name="c"), partial(np.zeros, 2, int)

REFUSED: list[tuple[Any, ...]] = [
    *((LOCK, name, change) for name, change in ways.LOCKED.items()),
    *((ways.found, name, change) for name, change in ways.UNLOCKED.items()),
    (LOCK, "a hook that writes to g", lambda g: hooked(g, lambda v: set_(v.data, 0, 0.0))),
    (LOCK, "x.grad.data =", lambda g: (g.back(), set_(g.x.grad.data, 0, 0.0))),
    (LOCK, "a Numba kernel", lambda g: numba.njit(lambda a: a.fill(7.0))(g.h.data)),
    (PART, "x[0] =", lambda g: set_(g.x, 0, 1.0)),
    (PART, "random.shuffle(t)", lambda g: random.shuffle(g.h)),
    (UFUNC, "np.add(out=h)", lambda g: np.add(1.0, 1.0, out=g.h)),
    (UFUNC, "np.multiply(x, out=)", lambda g: np.multiply(g.x, 2, out=g.x.data)),
    (UFUNC, "raw += x", lambda g: operator.iadd(g.raw, g.x)),
    (UFUNC, "np.add.at(h)", lambda g: np.add.at(g.h, 0, 1.0)),
    (NAME, "np.put(x)", lambda g: np.put(g.x, 0, 7.0)),
    (MASKED, "a masked operand", lambda g: g.x * np.ma.array(two())),
    (LEAF, "h.assign_", lambda g: g.h.assign_(ZERO)),
    (X, "assign_", lambda g: g.x.assign_(ZERO)),
    (X, "assign_ what was there", lambda g: g.x.assign_(g.x)),
    (X, "x.detach().assign_", lambda g: g.x.detach().assign_(ZERO)),
    (X, "x[1:].detach().assign_", lambda g: g.x[1:].detach().assign_(ZERO[1:])),
    (X, "step", lambda g: stepped(g.x)),
    (X, "step after a backward", lambda g: (g.loss.backward(retain_graph=True), stepped(g.x))),
    (X, "assign_ in a hook", lambda g: g.loss.register_hook(lambda v: g.x.assign_(ZERO))),
    (X, "before a second order", lambda g: g.x.assign_(ZERO), using(lambda x, _: cubic(x))),
    (XX, "steps of two optimizers", lambda g: [stepped(g.x) for _ in "ab"]),
    (W, "step of a shared weight", lambda g: stepped(*g.raw.parameters()), network),
    (W, "load_state_dict", lambda g: g.raw.load_state_dict(g.raw.state_dict()), network),
    (C, "a constant", assigned, using(mul, CONSTANT)),
    (WHERE, "a mask", assigned, using(lambda x, c: fg.where(c, x, 0.0), MASK)),
    (by_backward("checkpoint", "c"), "redone", assigned, using(redo(mul), WEIGHT)),
]
second = partial(holding, lambda x: x, create_graph=True)
SAFE: list[tuple[Any, ...]] = [
    # what is saved of a user's own is a copy
    ("an operand", written, using(mul)),
    ("an operand of matmul", written, using(operator.matmul, lambda: np.eye(2))),
    ("a list", written, using(mul, lambda: [3.0, 0.0])),
    ("a bound", written, using(lambda x, c: fg.clip(x, 0.0, c))),
    ("a condition", written, using(lambda x, c: fg.where(c, x, 0.0), lambda: two(bool))),
    ("an index", written, using(lambda x, i: x[i], PICKED)),
    ("a list of indices", written, using(lambda x, i: x[i], lambda: [0, 0])),
    ("a mask in an index", written, using(lambda x, c: x[c], lambda: two(bool))),
    ("labels", written, using(fg.cross_entropy, PICKED)),
    ("from_numpy", written, using(lambda x, a: x * fg.from_numpy(a))),
    ("a view of from_numpy", written, using(lambda x, a: x * fg.from_numpy(a)[::-1])),
    ("from_dlpack", written, using(lambda x, a: x * fg.from_dlpack(a))),
    ("an argument of vjp", written, using(lambda x, a: x * fg.vjp(cubic, a)[1](two())[0])),
    ("a seed", lambda g: (g.loss.backward(s := np.ones(())), s.fill(9), put(g, "done", True))),
    # what was given away is a copy
    ("a copy", lambda g: set_(g.h.numpy().copy(), 0, 7.0)),
    ("a deep copy", lambda g: copy.deepcopy(g.x).assign_(ZERO)),
    ("np.from_dlpack", lambda g: np.from_dlpack(g.h).fill(7.0)),
    ("torch.from_dlpack", ways.torch(lambda torch, g: torch.from_dlpack(g.h))),
    ("a state", lambda g: [a.fill(7) for a in g.raw.state_dict().values()], network),
    # a name or an attribute was bound anew, and the graph holds what it held
    ("x += 1", lambda g: operator.iadd(g.x, 1.0)),
    ("x.data", lambda g: put(g.x, "data", ZERO)),
    ("h.data", lambda g: put(g.h, "data", ZERO)),
    ("requires_grad_", lambda g: g.x.requires_grad_(False)),
    ("another weight", lambda g: put(g.raw, "weight", nn.Parameter(ZERO)), network),
    ("net.to", lambda g: g.raw.to("cpu"), network),
    ("eval", lambda g: g.raw.eval(), using(lambda x, net: net(x), dropout)),
    # nobody saved it
    ("step of the bias", lambda g: stepped(g.raw.bias), network),
    ("x.grad", lambda g: (put(g.x, "grad", Tensor(ZERO + 1)), g.x.grad.assign_(ZERO))),
    ("draws again", lambda g: g.raw(np.ones(9)), using(redo(lambda x, net: net(x)), dropout)),
]
# Refused, at once or by backward, or without effect.
LOUD: list[tuple[Any, ...]] = [
    ("a memoryview is no array", written, using(lambda x, a: x * memoryview(a))),
    ("an array.array is none", written, using(mul, lambda: array.array("d", two()))),
    ("lists in a tuple", written, using(lambda x, a: x * (a, a), lambda: [3.0, 0.0])),
    ("array bounds of a slice", lambda g: [a.fill(1 + a) for a in g.raw], using(
        lambda x, i: x[i[0] : i[1]], lambda: [np.array(0), np.array(1)])),
    ("starts of segment_sum", lambda g: set_(g.raw, 1, 3), using(
        lambda x, s: segment_sum(x.reshape(4, 1), s), lambda: np.array([0, 1, 4]))),
    ("settings of a primitive", written, using(lambda x, k: weighed(x, k=k))),
    ("room of a primitive", written, using(
        lambda x, room: rule_y(lambda x: np.exp(x, out=room)[:])(x), lambda: np.ones((2, 2)))),
    ("a primitive gives its argument", lambda g: g.x.assign_(ZERO), holding(same)),
    ("a vjp writes to g", lambda g: g.raw.append(1), using(careless, list)),
    ("base of a result", lambda g: g.h.data.base.fill(7.0), holding(lambda x: x[:, [1, 0]])),
    ("step of x.detach()", lambda g: stepped(g.x.detach().requires_grad_())),
    ("step of h.detach()", lambda g: stepped(g.h.detach().requires_grad_())),
    ("create_graph, borrowed", lambda g: g.x.data.base.fill(7.0), second(
        lambda a: fg.from_numpy(a).requires_grad_())),
    ("create_graph, data", lambda g: put(g.x, "data", ZERO), second()),
    ("a hook assigns", lambda g: g.h.register_hook(lambda v: v.assign_(ZERO[0])), siblings),
    ("a hook keeps g", lambda g: (g.x.register_hook((kept := []).append), g.back(),
                                  kept[0].assign_(ZERO))),
    ("retained gradients", lambda g: (g.back(), g.raw.grad.assign_(ZERO[0])), retained),
    ("checkpoint, array", written, using(redo(mul))),
    ("checkpoint, borrowed", written, using(lambda x, a: redo(mul)(x, fg.from_numpy(a)))),
    ("checkpoint, constant", assigned, using(redo(mul), CONSTANT)),
    ("checkpoint, detached", assigned, using(redo(lambda x, w: x * w.detach()), WEIGHT)),
    ("checkpoint, data", lambda g: put(g.raw, "data", ZERO[0]), using(redo(mul), WEIGHT)),
    ("checkpoint, mode", lambda g: g.raw.eval(), using(redo(lambda x, net: net(-x)), dropout)),
    ("crash, mode", lambda g: g.raw.eval(), using(redo(lambda x, net: net(x)), dropout)),
    ("crash, requires_grad_", lambda g: g.x.requires_grad_(False), using(redo(mul))),
]  # fmt: skip
# What NumPy's lock cannot stop, and what shares memory by a bound `data`: detect_anomaly alone.
LIMITS: list[tuple[Any, ...]] = [
    ("np.add.at knows no lock", lambda g: np.add.at(g.h.data, (0, 0), 7.0)),
    ("the dtype of an array can be set", lambda g: put(g.h.data, "dtype", int)),
    ("resize knows no lock", lambda g: g.h.data.resize((2,), refcheck=False)),
    ("an observer's view", lambda g: g.raw[0].fill(7.0), watched),
    ("data shared by assign_", lambda g: ways.shared(g.x, lambda t: t.assign_(ZERO))),
    ("data shared by step", lambda g: ways.shared(g.h, stepped)),
]  # fmt: skip


def row(check: Any, name: str, change: Any, build: Build = ways.plain, marks: Any = ()) -> Any:
    return pytest.param(check, change, build, id=name, marks=marks)


ROWS = (
    [row(*r) for r in REFUSED]
    + [row(ways.safe, *r) for r in SAFE]
    + [row(ways.loud, *r) for r in LOUD]
    + [row(ways.found, *r) for r in LIMITS]
)


@pytest.mark.parametrize(("check", "change", "build"), ROWS)
def test_a_change_is_never_silent(check: ways.Check, change: ways.Change, build: Build) -> None:
    check(build, change)
