"""Whether backward takes time and memory in proportion to the number of ops: a line is fitted.

python -m benchmarks.linear [--longest 1000000] [--json FILE]

Chains on eight elements, of a thousand ops and more. Time is that of the processor, the least
of several passes; memory is the peak of a whole pass as `tracemalloc` counts it, to which NumPy
reports.
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import fusegrad as fg

SHORTEST, LONGEST, A_DECADE, PASSES = 1_000, 1_000_000, 3, 3
STRAIGHT = 0.99  # R^2 at least
FACTOR = np.float32(1.0)  # so that no value grows or fades


def lengths(longest: int) -> list[int]:
    """Whole numbers that rise by about the same factor."""
    count = round(A_DECADE * np.log10(longest / SHORTEST)) + 1
    return [int(n) for n in np.geomspace(SHORTEST, longest, count).round()]


def recorded(ops: int) -> tuple[fg.Tensor, Any]:
    """A variable, and what a chain of so many ops makes of it."""
    x = fg.Tensor(np.linspace(-1, 1, 8, dtype=np.float32), requires_grad=True)
    factor, y = fg.Tensor(np.full(8, FACTOR)), x
    for _ in range(ops):
        y = y * factor
    return x, y


def seconds(ops: int) -> float:
    """The least time of a pass back; the gradient of y . 1 is 1."""
    found = []
    for _ in range(PASSES):
        x, y = recorded(ops)
        began = time.thread_time()
        y.backward(np.ones(8, np.float32))
        found.append(time.thread_time() - began)
        if not np.array_equal(x.grad.numpy(), np.ones(8, np.float32)):
            raise SystemExit("expected a gradient of 1, got another")
    return min(found)


def peak(ops: int) -> int:
    """Bytes at most, forward and backward."""
    tracemalloc.start()
    try:
        _, y = recorded(ops)
        y.backward(np.ones(8, np.float32))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def line(sizes: Sequence[float], values: Sequence[float]) -> dict[str, float]:
    """Least squares of values = start + slope * size, and R^2, the share that it explains."""
    slope, start = np.polyfit(sizes, values, 1)
    missed = np.array(values) - (start + slope * np.array(sizes))
    spread = np.array(values) - np.mean(values)
    return {"start": start, "slope": slope, "R^2": 1 - (missed @ missed) / (spread @ spread)}


def measured(longest: int) -> dict[str, Any]:
    """Figures by length, and their lines."""
    sizes = lengths(longest)
    found = {"seconds": [seconds(n) for n in sizes], "bytes": [float(peak(n)) for n in sizes]}
    lines = {unit: line(sizes, values) for unit, values in found.items()}
    return {"ops": sizes, **found, "lines": lines}


def shown(found: dict[str, Any]) -> list[str]:
    """What is printed: a row a length, and a line a unit."""
    rows = ["     ops   backward, ms   ns an op   peak, MB   bytes an op"]
    for n, took, held in zip(found["ops"], found["seconds"], found["bytes"]):
        times = f"{1e3 * took:14.2f} {1e9 * took / n:10.0f}"
        rows.append(f"{n:8,d} {times} {held / 1e6:10.2f} {held / n:13.0f}")
    for unit, fit in found["lines"].items():
        verdict = "straight" if fit["R^2"] > STRAIGHT else "not straight"
        rows.append(f"{unit}: {fit['slope']:.3g} an op, R^2 = {fit['R^2']:.5f}: {verdict}")
    return rows


def main() -> None:
    """Print figures and lines, and write them where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--longest", type=int, default=LONGEST)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = measured(given.longest)
    print("\n".join(shown(found)))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
