"""Optimizers driven by given gradients, and players of online problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..kernels.shape import assign
from ..optim import Optimizer

Make = Callable[..., Optimizer]
Array = np.ndarray[Any, Any]


class Path(NamedTuple):
    """theta after every step, and the states after the last. Shapes: (T, n), (n,) each."""

    theta: Array
    states: dict[str, Any]

    @property
    def steps(self) -> Array:
        """What each step took from theta, from a start at 0. Shapes: (T, n)."""
        return -np.diff(self.theta, axis=0, prepend=0.0)


def path(make: Make, gradients: Any, theta: Any = 0.0, **settings: Any) -> Path:
    """An optimizer on given gradients, in float64. Shapes: gradients (T, n) or (T,)."""
    g = np.asarray(gradients, float)
    g = g[:, None] if g.ndim == 1 else g
    p = Tensor(np.broadcast_to(np.asarray(theta, float), g.shape[1:]), requires_grad=True)
    optimizer = make([p], **settings)
    thetas = np.empty_like(g)
    for k, row in enumerate(g):
        p.grad = Tensor(row)
        optimizer.step()
        thetas[k] = p.data
    return Path(thetas, dict(optimizer.state[p]) if len(g) else {})


def steps_of(make: Make, gradients: Any, **settings: Any) -> Array:
    """What each step takes from theta; theta is set back to 0 between them, so that nothing is
    rounded away beside it. Shapes: (T, n) or (T,) -> (T, n)."""
    g = np.asarray(gradients, float)
    g = g[:, None] if g.ndim == 1 else g
    p = Tensor(np.zeros(g.shape[1:]), requires_grad=True)
    optimizer, steps = make([p], **settings), np.empty_like(g)
    for k, row in enumerate(g):
        assign(p.data, 0.0)
        p.grad = Tensor(row)
        optimizer.step()
        steps[k] = -p.data
    return steps


def play(
    make: Make,
    slopes: Any,
    start: float = 0.0,
    low: float = -1.0,
    high: float = 1.0,
    **settings: Any,
) -> tuple[Array, Array]:
    """Linear losses f_t(x) = slope_t x on [low, high], projected after every step.

    Shapes: slopes (T, n) or (T,) -> x_t where the loss was taken, and the cumulated regret
    against x = low, (T, n) each.
    """
    c = np.asarray(slopes, float)
    c = c[:, None] if c.ndim == 1 else c
    p = Tensor(np.full(c.shape[1:], start), requires_grad=True)
    optimizer, xs = make([p], **settings), np.empty_like(c)
    for k, row in enumerate(c):
        xs[k] = p.data
        p.grad = Tensor(row)
        optimizer.step()
        assign(p.data, np.clip(p.data, low, high))
    return xs, np.cumsum(c * (xs - low), axis=0)


def relative(got: Any, want: Any) -> float:
    """The largest difference, over the largest size. Shapes: any two that broadcast."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    scale = max(float(abs(want).max()), np.finfo(float).tiny)
    return float(abs(got - want).max()) / scale


def noise(seed: int, *shape: int) -> Array:
    """Normal numbers; the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(shape)


def mixed(seed: int, *shape: int) -> Array:
    """Numbers of both signs and of sizes from 1e-4 to 1e4, an eighth of them 0."""
    rng = np.random.default_rng(seed)
    g = rng.standard_normal(shape) * 10.0 ** rng.uniform(-4, 4, shape)
    return np.where(rng.random(shape) < 0.125, 0.0, g)
