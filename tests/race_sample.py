"""Small races for tests of pages: one of each kind, and one that somebody does not finish."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from fusegrad import nn
from fusegrad.engine import Tensor
from fusegrad.race import SURFACES, Race, plane_race, race
from fusegrad.race.networks import Loss

ROUGH = '<b>"Rough" & steep</b>'


def line(rng: np.random.Generator) -> tuple[nn.Module, Loss]:
    """A network of three parameters on four rows."""
    x, y = rng.standard_normal((4, 2)), rng.standard_normal((4, 1))
    network = nn.Linear(2, 1, rng=rng)
    network.to(np.float64)

    def loss() -> Tensor:
        error = network(x) - y
        return (error * error).mean()

    return network, loss


@cache
def short() -> tuple[Race, ...]:
    """Every surface and a plane whose points are kept at every third step."""
    plane = plane_race(line, steps=14, trials=4, every=3, size=9)
    return (*(race(name, steps=24, trials=5) for name in SURFACES), plane)


@cache
def diverged() -> Race:
    """SGD leaves the finite numbers at every rate; its title and name ask to be escaped."""
    rough = replace(SURFACES["rosenbrock"], name="rough/1", title=ROUGH)
    return race(rough, ["adagrad"], steps=30, trials=3, rates=(1.0, 10.0))
