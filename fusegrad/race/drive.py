"""Every trial of one optimizer on one loss: the real rule on the real gradients."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..kernels import OptionError
from ..optim.schedules import InverseSqrt
from ..verify.drive import play
from .rivals import Rival, taken
from .surfaces import Formula, Online


class Tracks(NamedTuple):
    """All points and losses of K trials. Shapes: (rows, K, 2), (rows, K)."""

    points: np.ndarray
    losses: np.ndarray


def on_formula(
    kind: Rival, formula: Formula, start: np.ndarray, rates: tuple[float, ...], steps: int
) -> Tracks:
    """The trials side by side, each a group of its own: no rule looks beyond its parameter, so
    that each moves as it would alone, to the bit, at a quarter of the time."""
    lanes = [Tensor(start, requires_grad=True) for _ in rates]
    optimizer = kind([{"params": [p], "lr": lr} for p, lr in zip(lanes, rates)])
    points = np.empty((steps + 1, len(rates), 2))
    losses = np.empty(points.shape[:2])
    with np.errstate(all="ignore"):  # a trial may leave the finite numbers; it says so itself
        for t in range(steps + 1):
            points[t] = [p.data for p in lanes]
            losses[t], slopes = _measured(formula, points[t], t < steps)
            for p, g in zip(lanes, slopes):
                p.grad = Tensor(g)
            if t < steps:
                optimizer.step()
    return Tracks(points, losses)


def _measured(formula: Formula, at: np.ndarray, sloped: bool) -> tuple[np.ndarray, np.ndarray]:
    """Losses of K points and, where asked for, their gradients. Shapes: (K, 2) -> (K,), (K, 2)
    or (0, 2)."""
    x, y = (Tensor(column, requires_grad=True) for column in at.T)
    loss = formula(x, y)
    if not isinstance(loss, Tensor) or loss.shape != x.shape:
        got = f"shape {getattr(loss, 'shape', ())} for {x.shape}"
        repair = "write it in x and y, without sums over them"
        raise OptionError("race", "a formula that gives a Tensor, a loss a point", got, repair)
    if not sloped:
        return loss.data, np.empty((0, 2))
    loss.backward(np.ones(len(at)))
    parts = [np.zeros(len(at)) if v.grad is None else v.grad.numpy() for v in (x, y)]
    return loss.data, np.column_stack(parts)


def online(kind: Rival, game: Online, rates: tuple[float, ...], steps: int) -> Tracks:
    """The trials of an online problem, one after another: rounds and x, the regret a round."""
    slopes, settings = game.slopes(steps), taken(kind, game.settings)
    points = np.empty((steps, len(rates), 2))
    losses = np.empty(points.shape[:2])
    rounds = np.arange(steps)
    for k, rate in enumerate(rates):
        options: dict[str, Any] = {"lr": InverseSqrt(rate), **settings}
        xs, regret = play(kind, slopes, game.start, game.low, game.high, **options)
        points[:, k] = np.column_stack([rounds, xs[:, 0]])
        losses[:, k] = regret[:, 0] / (rounds + 1)
    return Tracks(points, losses)
