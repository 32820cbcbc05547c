"""What must become of a change between forward and backward, and the doors to memory."""

from __future__ import annotations

import ctypes
import io
import operator
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.kernels import FusegradError, GraphError
from tests.ops_sample import leaf, refused


@dataclass
class Graph:
    """A loss, the leaf whose gradient is looked at, and what may be changed in between."""

    x: Tensor
    loss: Any
    h: Any = None  # an interior Tensor
    raw: Any = None  # what the user owns: an array, a module, another leaf
    run: Callable[[], Any] | None = None  # backward in other words
    done: bool = False

    def back(self) -> None:
        """Go back, unless the change did so itself, for the sake of what it did after that."""
        if not self.done:
            (self.run or self.loss.backward)()
        self.done = True

    def is_right(self, build: Build) -> bool:
        """Whether the gradient is that of a twin that nobody changed."""
        twin = build()
        twin.back()
        return self.x.grad is not None and np.array_equal(self.x.grad, twin.x.grad)


Build = Callable[[], Graph]
Change = Callable[[Graph], Any]
Check = Callable[[Build, Change], None]


def plain() -> Graph:
    """A graph that saves a leaf, an interior Tensor, and a copy of the user's own array."""
    x = leaf([[1.0, 2.0], [3.0, 4.0]], name="x")
    raw = np.array([[2.0, 3.0], [4.0, 5.0]])
    h = x * raw
    return Graph(x, (h * h).sum() + (x * x).sum(), h, raw)


# ---- what must become of a change -----------------------------------------------------------
def at_once(kind: Any, text: str) -> Check:
    """Refused where it is tried; the graph is as it was."""

    def check(build: Build, change: Change) -> None:
        g = build()
        with pytest.raises(kind, match=text):
            change(g)
        g.back()
        assert g.is_right(build)

    return check


CHANGED = (
    "backward of {} (HERE): expected the value of {} (HERE) that the forward pass saw, got one "
    "changed {} time(s) since; call backward before the update, or run forward again"
)


def by_backward(op: str = "multiply", name: str = "x", times: int = 1) -> Check:
    """Let through, and refused by backward, which names op, leaf, lines and cure."""

    def check(build: Build, change: Change) -> None:
        g = build()
        change(g)
        before = g.x.grad
        with refused(GraphError, CHANGED.format(op, name, times)):
            g.back()
        assert g.x.grad is before

    return check


def safe(build: Build, change: Change) -> None:
    """Without effect: the gradient is that of the values that forward saw."""
    g = build()
    change(g)
    g.back()
    assert g.is_right(build)


def loud(build: Build, change: Change) -> None:
    """Refused, there or in backward, or without effect: whichever the engine chooses."""
    g = build()
    before = g.x.grad
    with suppress(FusegradError):
        with suppress(ValueError, TypeError):  # as NumPy refuses
            change(g)
        try:
            g.back()
        except ValueError as error:
            assert "read-only" in str(error)
    assert g.is_right(build) if g.done else g.x.grad is before


WRITTEN = """backward of multiply (HERE): expected what it saved (a, b) as the forward pass \
left it, got an array changed since; write to no array of a Tensor: compute a new one, or \
assign_ a leaf"""


def found(build: Build, change: Change) -> None:
    """THE LIMIT: a write past NumPy's lock. detect_anomaly finds it; outside, it is silent."""
    with fg.detect_anomaly():
        g = build()
        change(g)
        with refused(GraphError, WRITTEN):
            g.back()
    assert g.x.grad is None
    g = build()
    change(g)
    g.back()
    assert not g.is_right(build)


# ---- changes in common ----------------------------------------------------------------------
def stepped(*leaves: Any) -> None:
    """One step of an optimizer, whatever the gradient."""
    for p in leaves:
        p.grad = Tensor(np.ones_like(p.data))
    fg.optim.SGD(leaves, lr=1.0).step()


def shared(t: Tensor, write: Change) -> None:
    """Write to another leaf that was made to share the memory of t."""
    other = leaf(t.data)
    other.data = t.data
    write(other)


def hooked(g: Graph, hook: Change) -> None:
    """Go back with a hook, once."""
    remove = g.h.register_hook(hook)
    try:
        g.loss.backward(retain_graph=True)
    finally:
        remove()


# ---- doors that are locked ------------------------------------------------------------------
RNG = np.random.default_rng(0)
set_ = operator.setitem


def in_thread(g: Graph) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(g.h.data.fill, 7.0).result()


LOCKED: dict[str, Change] = {
    "h.data[0] =": lambda g: set_(g.h.data, 0, 7.0),
    "x.data[...] =": lambda g: set_(g.x.data, ..., 7.0),
    "h.data +=": lambda g: operator.iadd(g.h.data, 1.0),
    "views of views": lambda g: set_(g.h.data.reshape(4)[::2].reshape(2, 1), 0, 7.0),
    "x.T": lambda g: set_(g.x.T.data, 0, 7.0),
    "detach": lambda g: set_(g.h.detach().data, 0, 7.0),
    "no_grad": lambda g: fg.no_grad()(g.x.data.fill)(7.0),
    "np.asarray(t)[0] =": lambda g: set_(np.asarray(g.h), 0, 7.0),
    "t.numpy()[0] =": lambda g: set_(g.x.numpy(), 0, 7.0),
    "t.numpy().base": lambda g: g.h.numpy().base.fill(7.0),
    "t.numpy().setflags": lambda g: g.h.numpy().setflags(write=True),
    "np.from_dlpack(copy=False)": lambda g: np.from_dlpack(g.h, copy=False).fill(7.0),
    ".sort": lambda g: g.h.data[::-1].sort(0),
    ".partition": lambda g: g.h.data.partition(1),
    ".byteswap": lambda g: g.h.data.byteswap(inplace=True),
    ".flat[0] =": lambda g: set_(g.h.data.flat, 0, 7.0),
    "np.copyto": lambda g: np.copyto(g.h.data, 7.0),
    "np.put": lambda g: np.put(g.h.data, 0, 7.0),
    "np.place": lambda g: np.place(g.h.data, g.h.data > 0, [7.0]),
    "np.fill_diagonal": lambda g: np.fill_diagonal(g.h.data, 7.0),
    "np.nan_to_num": lambda g: np.nan_to_num(g.h.data, copy=False),
    "np.add(out=)": lambda g: np.add(1.0, 1.0, out=g.h.data),
    "np.einsum(out=)": lambda g: np.einsum("ij->ij", np.eye(2), out=g.h.data),
    "np.random.shuffle": lambda g: np.random.shuffle(g.h.data),
    "np.nditer": lambda g: np.nditer(g.h.data, op_flags=[["readwrite"]]),
    "memoryview": lambda g: set_(memoryview(g.h.data).cast("B"), 0, 7),
    "np.frombuffer": lambda g: np.frombuffer(g.h.data).fill(7.0),
    "np.ma.array": lambda g: set_(np.ma.array(g.h.data, copy=False), 0, 7.0),
    "as_strided": lambda g: as_strided(g.h.data, (4,), (8,), writeable=True).fill(7.0),
    "file.readinto": lambda g: io.BytesIO(bytes(32)).readinto(g.h.data),
    "a thread": in_thread,
}


# ---- doors past the lock --------------------------------------------------------------------
def lied(g: Graph) -> None:
    """Say that memory may be written to, as a library that knows no locks does."""
    shown = g.h.data.__array_interface__
    said = {**shown, "data": (shown["data"][0], False)}
    np.asarray(type("Liar", (), {"__array_interface__": said})()).fill(7.0)


def unlocked(a: Any, view: Callable[[], Any]) -> None:
    a.flags.writeable = True
    view()[0] = 7.0


@numba.guvectorize(["void(float64[:], float64[:])"], "(n)->()")
def lawless(a: Any, total: Any) -> None:
    a[0], total[0] = 70.0, 0.0  # Numba does not look at the lock of what a gufunc is given


def torch(door: Callable[[Any, Graph], Any]) -> Change:
    """A write by PyTorch, which knows no locks, and says so at most once a process."""

    def change(g: Graph) -> None:
        module = pytest.importorskip("torch", reason="PyTorch is not installed")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            door(module, g).fill_(7.0)

    return change


UNLOCKED: dict[str, Change] = {
    "flags.writeable": lambda g: unlocked(g.h.data, lambda: g.h.data),
    "the flags of a leaf": lambda g: unlocked(g.x.data, lambda: g.x.data),
    "the flags of a base": lambda g: unlocked(g.h.T.data.base, lambda: g.h.data[1:]),
    "np.add.at": lambda g: np.add.at(g.h.data, (0, 0), 7.0),  # NumPy itself passes its lock
    "ctypes": lambda g: ctypes.memset(g.h.data.ctypes.data, 0, 8),
    "an array that lies": lied,
    "a compiled gufunc": lambda g: lawless(g.h.data),
    "__setstate__": lambda g: g.h.data.__setstate__(np.eye(2).__reduce__()[2]),
    "torch.from_numpy(t.numpy())": torch(lambda t, g: t.from_numpy(g.h.numpy())),
    "torch.as_tensor(t.data)": torch(lambda t, g: t.as_tensor(g.h.data)),
    "torch.from_dlpack(t.data)": torch(lambda t, g: t.from_dlpack(g.h.data)),
    "torch.from_dlpack(copy=False)": torch(lambda t, g: t.from_dlpack(g.h, copy=False)),
}
