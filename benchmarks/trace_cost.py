"""What `fg.trace` costs: a step of a small network without it, inside it, and with its graph.

python -m benchmarks.trace_cost
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import numpy as np

import fusegrad as fg
from fusegrad import nn

STEPS, ROUNDS = 100, 7


def network(sizes: tuple[int, ...]) -> tuple[Callable[[], None], int]:
    """A step of training, and how many parameters it moves."""
    rng = np.random.default_rng(0)
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b, rng=rng), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    adam = fg.optim.Adam(net.parameters(), lr=1e-3)
    x = fg.Tensor(rng.normal(size=(64, sizes[0])).astype(np.float32))
    y = rng.integers(0, sizes[-1], 64)

    def step() -> None:
        adam.zero_grad()
        fg.cross_entropy(net(x), y).backward()
        adam.step()

    return step, net.count_parameters()


def timed(step: Callable[[], None], count: int) -> float:
    """Microseconds a step, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(count):
            step()
        best = min(best, (time.perf_counter() - began) / count)
    return best * 1e6


def main() -> None:
    for sizes in ((8, 16, 16, 2), (64, 256, 256, 10)):
        step, parameters = network(sizes)
        timed(step, STEPS)
        bare = timed(step, STEPS)
        with fg.trace(graphs=0):
            steps = timed(step, STEPS)
        with fg.trace(graphs=range(STEPS * ROUNDS)):
            passes = timed(step, STEPS)
        after = timed(step, STEPS)
        said = f"{parameters:,} parameters: {bare:.0f} us a step; followed {steps:.0f}"
        print(f"{said}, with its graph {passes:.0f}; afterwards {after:.0f}")


if __name__ == "__main__":
    main()
