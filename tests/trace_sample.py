"""What the tests of `fg.trace` share: the laws that a recorded pass obeys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad.engine.ops.broadcast import unbroadcast
from fusegrad.engine.sparse import SparseRows
from fusegrad.microscope import Trace, trace
from fusegrad.microscope.columns import columns, step, theta_after
from fusegrad.microscope.passes import Pass, Source
from fusegrad.microscope.seen import Seen


def leaf(values: Any, name: str = "") -> fg.Tensor:
    """A Tensor that requires a gradient; of floats, their own dtype."""
    return fg.Tensor(np.asarray(values) * 1.0, requires_grad=True, name=name)


def same(a: Any, b: Any) -> bool:
    """Bit for bit, but for the sign of 0 and the payload of nan."""
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)


def values(x: Seen | None) -> np.ndarray:
    assert x is not None and x.values is not None
    return x.values


def grad_of(one: Pass, name: str) -> np.ndarray:
    """The recorded gradient of a leaf."""
    number = next(k for k, known in enumerate(one.leaves) if known.name == name)
    return one.gradients()[Source("leaf", number)]


def holds(one: Pass) -> int:
    """Hold a pass against its laws: what an op passes on is all that it got, or a change is
    noted; an elementwise op multiplies it by its slope. Gives how many slopes there were."""
    gradients, count = one.gradients(), 0
    for pull in one.pulls:
        assert pull.source in one.ops[pull.op].inputs and pull.rule
        upstream, given = values(pull.upstream), values(pull.contribution)
        assert same(gradients[Source("op", pull.op)], upstream)
        if pull.local is not None:
            count += 1
            assert is_product(upstream, values(pull.local), given), one.ops[pull.op].op
    return count


def is_product(upstream: np.ndarray, local: np.ndarray, given: np.ndarray) -> bool:
    """Whether upstream * local, summed to a shape, is what was given: bit for bit, but for the
    order of that sum. Where the slope is a truth, 0 stops nan and inf."""
    with np.errstate(all="ignore"):
        product = upstream * local
    if product.shape == given.shape:
        stopped = (local == 0) & ~np.isfinite(upstream) & (given == 0)
        return same(np.where(stopped, given, product).astype(given.dtype), given)
    found, eps = unbroadcast(product, given.shape), np.finfo(given.dtype).eps
    sizes = unbroadcast(abs(product), given.shape)
    return bool((abs(found - given) <= 4 * eps * sizes).all())


def whole(g: Any) -> np.ndarray:
    """A gradient with all its zeros."""
    return np.asarray(g.dense() if isinstance(g, SparseRows) else g)


def agrees(one: Pass, leaves: Sequence[fg.Tensor]) -> None:
    """Hold recorded gradients against those that leaves received in this pass alone."""
    for p in leaves:
        if p.grad is not None and p.size <= 1024:
            assert same(grad_of(one, p.name), whole(p.grad)), p.name


def watched(y_of: Any, leaves: Sequence[fg.Tensor], **options: Any) -> Trace:
    """Record y_of() and its way back from a drawn gradient; to look on changes no bit of it."""
    found = []
    for options_now in (None, options):
        for p in leaves:
            p.grad = None
        rng = np.random.default_rng(5)
        if options_now is None:
            _back(y_of(), rng)
        else:
            with trace(**options_now) as seen:
                _back(y_of(), rng)
        found.append([None if p.grad is None else p.grad.numpy() for p in leaves])
    for a, b in zip(*found, strict=True):
        assert (a is None) == (b is None) and (a is None or same(a, b))
    return seen


def _back(y: fg.Tensor, rng: np.random.Generator) -> None:
    if y.requires_grad and y.dtype.kind == "f":
        y.backward(rng.standard_normal(y.shape).astype(y.dtype))


def flushed(x: Any, flushes: bool) -> np.ndarray:
    x = np.asarray(x)
    return np.where(flushes & (abs(x) < np.finfo(x.dtype).tiny), 0, x).astype(x.dtype)


def subtracts(seen: Trace, name: str, index: Any) -> None:
    """Hold every row against `theta' == theta - step`, bit for bit."""
    log, table = seen.parameter(name), seen.table(name, index)
    keys = {column.node: column.key for column in columns(log.program)}
    taken = step(log.program)
    if taken is None or taken not in keys:
        return
    with np.errstate(all="ignore"):
        left = table["theta"] - table[keys[taken]].astype(table["theta"].dtype)
    assert same(table[keys[theta_after(log.program)]], flushed(left, log.flushes))


def stepped(optimizer: Any, p: fg.Tensor, *gradients: float) -> None:
    for g in gradients:
        p.grad = fg.Tensor(np.full(p.shape, g), dtype=p.dtype)
        optimizer.step()
