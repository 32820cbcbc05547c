"""What the tests of ops share: oracles that owe nothing to the engine, and a table of cases."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.kernels import Kernel
from tests.rows_sample import MP

STEP = MP.mpf("1e-10")  # a k-fold central difference errs by STEP**2 and by 1e-50 / STEP**k


def quotient(f: Callable[..., Any], order: Sequence[int]) -> Callable[..., Any]:
    """The derivative of f in the arguments that `order` lists, by central differences."""
    if not order:
        return f
    g, i = quotient(f, order[1:]), order[0]

    def moved(x: Sequence[Any], h: Any) -> Any:
        return g(*x[:i], x[i] + h, *x[i + 1 :])

    return lambda *x: (moved(x, STEP) - moved(x, -STEP)) / (2 * STEP)


def exactly(f: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """f on every element, taken as the binary number it is, in 50 digits; then rounded."""
    values = np.frompyfunc(f, len(arrays), 1)(*map(exact, arrays))
    return np.asarray(values).astype(np.float64)


def derivative(f: Callable[..., Any], order: Sequence[int]) -> Callable[..., Any]:
    """The engine's derivative of an elementwise f, by gradients of gradients."""
    for i in order[:-1]:
        f = summed(fg.grad(summed(f), i))
    return fg.grad(summed(f), order[-1])


def summed(f: Callable[..., Any]) -> Callable[..., Any]:
    """f's elements added up, so that it can be differentiated."""
    return lambda *args: fg.sum(f(*args))


def error(got: Any, wanted: Any) -> float:
    """The largest difference, relative to the wanted number or 1; nan and shapes count."""
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    assert got.shape == wanted.shape, f"{got.shape} is not {wanted.shape}"
    return float(np.max(abs(got - wanted) / np.maximum(1, abs(wanted)), initial=0.0))


def leaf(data: Any, dtype: Any = None, name: str = "") -> Tensor:
    """A Tensor that requires a gradient."""
    return Tensor(data, requires_grad=True, dtype=dtype, name=name)


def refused(kind: type[Exception], text: str) -> Any:
    """A block in which an error of a kind must be raised, with this text in full; (HERE) stands
    for a file and a line."""
    pattern = re.escape(text).replace(re.escape("(HERE)"), r"\([\w<>. -]+:\d+\)")
    return pytest.raises(kind, match=f"^{pattern}$")


@contextmanager
def without_collector() -> Iterator[None]:
    """A block in which memory is freed by reference counts alone."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


# ---- nothing computes behind the entry point ------------------------------------------------
class Provenance:
    """An observer that demands that whatever a kernel reads was given, or written by one."""

    def __init__(self, *given: np.ndarray) -> None:
        self.known = [owner(a) for a in given]

    def __call__(self, kernel: Kernel, args: Any, params: Any, result: Any) -> None:
        for a in args:
            self.demand(a, f"kernel {kernel.name} reads")
        self.known.append(owner(result))

    def demand(self, a: Any, what: str) -> None:
        """Fail for an array whose memory no kernel has written."""
        known = not isinstance(a, np.ndarray) or any(owner(a) is k for k in self.known)
        assert known, f"{what} an array that no kernel wrote: {a!r}"


def owner(array: Any) -> Any:
    """The array that owns the memory of a view."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


# ---- structural oracles: what NumPy lacks on arrays of 50-digit numbers ---------------------
def each(f: Callable[[Any], Any]) -> Callable[[Any], np.ndarray]:
    """A function of one number on arrays."""
    return lambda x: np.asarray(np.frompyfunc(f, 1, 1)(x), object)


exact = each(lambda x: MP.mpf(float(x)))
exp, log = each(MP.exp), each(MP.log)


def mean(x: Any, axis: Any, keepdims: bool) -> Any:
    total = np.asarray(x.sum(axis, keepdims=keepdims))
    return total / (x.size // total.size) if total.size else total


def logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    return log(exp(x).sum(axis, keepdims=keepdims))


def softmax(x: Any, axis: int) -> Any:
    return exp(x) / exp(x).sum(axis, keepdims=True)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The matrix product, number by number."""
    rows, columns = a[None] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b
    batch = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    rows = np.broadcast_to(rows, batch + rows.shape[-2:])
    columns = np.broadcast_to(columns, batch + columns.shape[-2:])
    y = np.empty((*batch, rows.shape[-2], columns.shape[-1]), object)
    for *k, i, j in np.ndindex(y.shape):
        pairs = zip(rows[(*k, i)], columns[(*k, slice(None), j)])
        y[(*k, i, j)] = sum((p * q for p, q in pairs), MP.mpf(0))
    y = y[..., 0, :] if a.ndim == 1 else y
    return y[..., 0] if b.ndim == 1 else y


def added(x: np.ndarray, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros, with x added at the index, number by number."""
    y = np.full(shape, MP.mpf(0), object)
    places = np.arange(y.size).reshape(shape)[index]
    for place, value in zip(places.ravel(), x.ravel(), strict=True):
        y.reshape(-1)[place] += value
    return y


def segments(x: np.ndarray, starts: Sequence[int]) -> np.ndarray:
    """Sums of rows, row by row."""
    y = np.full((len(starts) - 1, *x.shape[1:]), MP.mpf(0), object)
    for k in range(len(y)):
        for row in range(starts[k], starts[k + 1]):
            y[k] = y[k] + x[row]
    return y


def loss(x: np.ndarray, labels: np.ndarray, reduction: str) -> Any:
    rows = [-log(softmax(x[i], 0))[k] for i, k in enumerate(labels)]
    return {"none": np.array, "sum": sum, "mean": lambda r: sum(r) / len(r)}[reduction](rows)
