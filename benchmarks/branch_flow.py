"""What watching branches costs: a training step with BranchFlow over one without, in turn.

python -m benchmarks.branch_flow [--rounds 41] [--json FILE]

Two networks that fuse by concatenation at batch 64: that of the emoji task, and one with four
times its width and three layers a branch. The twins start equal and see the same batches; their
weights must be equal. Blocks of steps alternate; the ratio is of medians.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.experiments.networks import build
from fusegrad.multimodal.analysis.branch_flow import EVERY
from fusegrad.tasks import EmojiTask

from .timing import alternate

BATCH, WIDE, CLASSES = 64, 256, 8
LIMIT = 1.10
BLOCK = 0.05  # seconds of one way at a time, so that each has the caches to itself
Step = Callable[[], object]


def emoji() -> tuple[mm.Multimodal, dict[str, Any], np.ndarray]:
    """The concat network of the emoji task, and its first batch."""
    task = EmojiTask()
    rows = task.split["train"][:BATCH]
    net = build(task, list(task.modalities), "concat", np.random.default_rng(0))
    return net, task.inputs(rows, list(task.modalities)), task.labels[rows]


def wide() -> tuple[mm.Multimodal, dict[str, Any], np.ndarray]:
    """Two branches of three layers and 256 units, on 1,024 and 512 numbers."""
    rng, sizes = np.random.default_rng(0), {"a": 1024, "b": 512}
    branches = {name: _branch(size, rng) for name, size in sizes.items()}
    fusion = mm.Concat(dict.fromkeys(sizes, WIDE))
    net = mm.FeatureFusionNet(branches, fusion, nn.Linear(2 * WIDE, CLASSES, rng=rng))
    x = {n: rng.standard_normal((BATCH, size)).astype(np.float32) for n, size in sizes.items()}
    return net, x, rng.integers(CLASSES, size=BATCH)


def _branch(size: int, rng: np.random.Generator) -> nn.Module:
    layers: list[nn.Module] = []
    for into in (size, WIDE, WIDE):
        layers += [nn.Linear(into, WIDE, rng=rng), nn.ReLU()]
    return nn.Sequential(*layers)


CASES = {"emoji concat, batch 64": emoji, "wide concat, batch 64": wide}


def contender(made: tuple[Any, ...], every: int) -> tuple[Step, mm.Multimodal]:
    """A step of training, watched every so many steps; 0 is never."""
    net, x, y = made
    optimizer = optim.Adam(net.parameters())
    if every:
        mm.BranchFlow(net, optimizer, every=every)

    def step() -> None:
        optimizer.zero_grad()
        fg.cross_entropy(net(x), y).backward()
        optimizer.step()

    return step, net


def measured(make: Callable[[], tuple[Any, ...]], rounds: int) -> dict[str, float]:
    """Seconds of a step: plain, watched, and watched at every tenth."""
    ways = {"plain": 0, "every step": 1, "as it comes": EVERY, "every 10th": 10}
    pairs = {name: contender(make(), every) for name, every in ways.items()}
    for _ in range(3):
        for step, _ in pairs.values():
            step()
    first, *others = (net.state_dict() for _, net in pairs.values())
    for state in others:
        if not all(np.array_equal(state[k], first[k]) for k in first):
            raise SystemExit("expected equal weights of watched and plain, got others")
    return alternate({name: step for name, (step, _) in pairs.items()}, rounds, BLOCK)


def main() -> None:
    """Print milliseconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = {name: measured(make, given.rounds) for name, make in CASES.items()}
    for name, times in found.items():
        print(name)
        for way, seconds in times.items():
            ratio = seconds / times["plain"]
            print(f"  {way:10s} {1e3 * seconds:8.3f} ms  {ratio:.3f} of plain")
        verdict = "within" if times["as it comes"] <= LIMIT * times["plain"] else "over"
        print(f"  {verdict} the limit of {LIMIT:.2f} as it comes, every {EVERY} steps")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
