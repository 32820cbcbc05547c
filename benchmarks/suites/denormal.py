"""Adam on a state of numbers too small to be normal, which processors are slow to compute with.

Units that died leave such a state: m shrinks by a tenth at every step, until a tenth of it is
less than half of the last digit. The peer is the same contender with a normal state.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from ..case import Arrays, Case, Floor, Work

GOAL = 1.1
FIRST = np.float32(1e-38)  # m is a tenth of it: no normal number of float32
NORMAL = np.float32(1e-3)
SETTLED = 3  # steps without a gradient


def _given(n: int, normal: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters, the gradient of the first step and that of all after. Those of a normal state
    are equal, else m would fade there too."""
    values = np.random.default_rng(6).standard_normal(n, np.float32)
    first = np.full(n, NORMAL if normal else FIRST)
    return values, first, first if normal else np.zeros_like(first)


def _work(
    optimizer: Any, p: Any, gradients: tuple[Any, Any], read: Callable[[], Arrays]
) -> Work:
    """One step with the first gradient, and some with the other, before any is timed."""
    p.grad = gradients[0]
    optimizer.step()
    p.grad = gradients[1]
    for _ in range(SETTLED):
        optimizer.step()
    return Work(optimizer.step, read)


def fusegrad(n: int, normal: bool) -> Work:
    fg = import_module("fusegrad")
    values, *gradients = _given(n, normal)
    p = fg.Tensor(values.copy(), requires_grad=True)
    first, later = map(fg.Tensor, gradients)
    return _work(fg.optim.Adam([p]), p, (first, later), lambda: [_unmoved(p.numpy(), normal)])


def torch(n: int, normal: bool) -> Work:
    torch = import_module("torch")
    values, *gradients = _given(n, normal)
    p = torch.from_numpy(values.copy()).requires_grad_()
    first, later = map(torch.from_numpy, gradients)
    return _work(
        torch.optim.Adam([p], fused=True),
        p,
        (first, later),
        lambda: [_unmoved(p.detach().numpy(), normal)],
    )


def _unmoved(now: np.ndarray, normal: bool) -> np.ndarray:
    """Where parameters were before their steps: a gradient that stays moves them by lr each."""
    return now.astype(np.float64) + (1e-3 * (1 + SETTLED) if normal else 0.0)


def case(total: int) -> Case:
    """Against itself; torch the same two ways, for information."""
    builders: dict[str, Callable[[], Work]] = {}
    for name, way in (("fusegrad", fusegrad), ("torch fused", torch)):
        builders[name] = partial(way, total, normal=False)
        builders[f"{name} normal"] = partial(way, total, normal=True)
    return Case(
        f"Adam, {total:,} parameters, denormal state",
        builders,
        lambda: [_given(total, normal=False)[0].astype(np.float64)],
        1e-5,
        Floor(bytes=4.0 * 7 * total),
        {"fusegrad normal": GOAL},
    )
