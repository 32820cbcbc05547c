"""What the guards cost: a step of a small RNN, forward and backward, with and without them.

python -m benchmarks.guard_cost

h = tanh(x @ W + h @ U + b), 20 times: ops as small as these show the cost of guards at its
largest. `locks` are the flags by which NumPy refuses writes, `places` the lines that messages
name. All contenders run in one process, in turn, and must find the same gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

import fusegrad as fg
from fusegrad.engine import tape, tensor

from .timing import alternate

BATCH, WIDTH, STEPS = 16, 32, 20
ROUNDS = 31  # medians of fewer do not tell a few percent from nothing
LOCKS = (tensor, "lock")
PLACES = (tape, "here")
CONTENDERS: dict[str, Sequence[tuple[Any, str]]] = {  # what each goes without
    "all guards": (),
    "no locks": (LOCKS,),
    "no places": (PLACES,),
    "no guards": (LOCKS, PLACES),
}


@contextmanager
def without(guards: Sequence[tuple[Any, str]]) -> Iterator[None]:
    """Guards that do nothing in this block."""
    patches = [patch.object(module, name, lambda *args: None) for module, name in guards]
    for p in patches:
        p.start()
    try:
        yield
    finally:
        for p in reversed(patches):
            p.stop()


def network() -> tuple[Callable[[], object], Callable[[], list[np.ndarray]]]:
    """One step, forward and backward, and the gradients that it found."""
    rng = np.random.default_rng(0)

    def made(*shape: int) -> np.ndarray:
        return (0.1 * rng.standard_normal(shape)).astype(np.float32)

    W, U = (fg.Tensor(made(WIDTH, WIDTH), requires_grad=True) for _ in range(2))
    b = fg.Tensor(made(WIDTH), requires_grad=True)
    inputs, start = [fg.Tensor(made(BATCH, WIDTH)) for _ in range(STEPS)], made(BATCH, WIDTH)

    def step() -> None:
        h: Any = fg.Tensor(start)
        for x in inputs:
            h = fg.tanh(x @ W + h @ U + b)
        W.grad = U.grad = b.grad = None
        h.sum().backward()

    return step, lambda: [p.grad.numpy() for p in (W, U, b)]


def contender(guards: Sequence[tuple[Any, str]]) -> Callable[[], object]:
    """The step without some guards, checked against the step with all of them."""
    (step, gradients), (whole, right) = network(), network()

    def run() -> None:
        with without(guards):
            step()

    run()
    whole()
    if not all(map(np.array_equal, gradients(), right())):
        raise SystemExit("expected the gradients of a step with all guards, got others")
    return run


def main() -> None:
    """Print medians, and what each takes of a step with all guards."""
    contenders = {name: contender(guards) for name, guards in CONTENDERS.items()}
    times = alternate(contenders, ROUNDS, at_least=0.05)
    bare = times["no guards"]
    for name, seconds in times.items():
        print(f"{name:12s} {1e3 * seconds:7.3f} ms  {seconds / bare:.3f} of no guards")


if __name__ == "__main__":
    main()
