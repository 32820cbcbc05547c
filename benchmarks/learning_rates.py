"""The step size of each optimizer for `fusegrad train`: one grid, one budget, lowest validation
loss.

    python -m benchmarks.learning_rates

Every optimizer gets the same 15 step sizes, the same two seeds (which no published figure uses)
and the same epochs. Prints a table; `LEARNING_RATES` in fusegrad/experiments/settings.py holds
the winners.
"""

from __future__ import annotations

import numpy as np

from fusegrad.experiments import LEARNING_RATES, OPTIMIZERS, Job, Settings
from fusegrad.lens.record import Epoch, Run

GRID = [digit * 10.0**power for power in range(-4, 1) for digit in (1, 2, 5)]
SEEDS = (101, 102)


class Silent:
    """Progress that nobody watches."""

    def start(self, run: Run, epochs: int) -> None: ...
    def epoch(self, run: Run, epoch: Epoch) -> None: ...
    def end(self, run: Run) -> None: ...


def validation_loss(optimizer: str, lr: float, seed: int) -> float:
    """The lowest validation loss of the fused network in nats; inf where it diverges."""
    job = Job(Settings(optimizer=optimizer, lr=lr, seed=seed), Silent())
    runs: list[Run] = []
    job.train(optimizer, job.task.modalities, optimizer, runs)
    losses = [e.val_loss for e in runs[0].epochs]
    return float(np.nanmin(losses)) if np.isfinite(losses).any() else float("inf")


def main() -> None:
    """Print a row an optimizer and step size, and the winner beside the one in use."""
    for optimizer in OPTIMIZERS:
        means = {lr: np.mean([validation_loss(optimizer, lr, s) for s in SEEDS]) for lr in GRID}
        best = min(means, key=lambda lr: means[lr])
        row = "  ".join(f"{lr:g}:{loss:.3f}" for lr, loss in means.items())
        print(
            f"{optimizer:8s} best {best:g} (in use {LEARNING_RATES[optimizer]:g})  {row}",
            flush=True,
        )


if __name__ == "__main__":
    main()
