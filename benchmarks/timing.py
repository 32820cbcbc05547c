"""What the benchmarks share: alternating contenders, medians, and fresh processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Contender = Callable[[], object]
Run = dict[str, Any]  # what a process printed


def alternate(
    contenders: Mapping[str, Contender], rounds: int = 9, at_least: float = 0.01
) -> dict[str, float]:
    """Median seconds a call of each, all measured in turn, so that drift hits all alike.

    Each sample repeats the call until `at_least` seconds have passed; one warm-up goes first.
    """
    repeats = {}
    for name, call in contenders.items():
        call()
        began = time.perf_counter()
        call()
        repeats[name] = max(1, int(at_least / max(time.perf_counter() - began, 1e-9)))
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            began = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            samples[name].append((time.perf_counter() - began) / repeats[name])
    return {name: statistics.median(values) for name, values in samples.items()}


def in_processes(module: str, frameworks: Sequence[str], rounds: int = 3) -> dict[str, Run]:
    """Run `python -m module FRAMEWORK`, which prints JSON, in turn; the median result."""
    found: dict[str, list[Run]] = {name: [] for name in frameworks}
    for _ in range(rounds):
        for name in frameworks:
            done = subprocess.run(
                [sys.executable, "-m", module, name],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise SystemExit(f"{module} {name}: {done.stderr.strip()}")
            found[name].append(json.loads(done.stdout))
    return {
        name: sorted(runs, key=lambda r: r["ms"])[len(runs) // 2]
        for name, runs in found.items()
    }
