"""What the machine can do: the floors of the cases are counted from these.

python -m fusegrad.benchmarks.anchors THREADS      (machine.py starts it, pinned)

Each is the best of its samples, since a limit is asked for, not a typical value. Bytes count
what is read and what is written, not what a cache fetches in order to write.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .place import Clock, device
from .pressure import Watch

MEBI = 2**20
SIZE = 32 * MEBI  # float32 elements, 128 MiB: beyond the caches of all but the largest machines
SIDE = 1024  # of the square matrices
SAMPLES = 7


def best(call: Callable[[], object], samples: int = SAMPLES) -> float:
    """The fewest seconds of a call; one goes first."""
    call()
    found = []
    for _ in range(samples):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)


def bandwidth(threads: int, size: int = SIZE) -> dict[str, float]:
    """Bytes a second of a copy, and of a scaling in place, each thread at its own part."""
    x, y = np.ones(size, np.float32), np.zeros(size, np.float32)
    parts = list(zip(np.array_split(x, threads), np.array_split(y, threads)))

    def copy(pair: Any) -> None:
        np.copyto(pair[1], pair[0])

    def scale(pair: Any) -> None:
        np.multiply(pair[0], np.float32(-1), out=pair[0])

    with ThreadPoolExecutor(threads) as pool:  # NumPy lets others run during both
        copying = best(lambda: list(pool.map(copy, parts)))
        scaling = best(lambda: list(pool.map(scale, parts)))
    return {"copy": 2 * x.nbytes / copying, "in place": 2 * x.nbytes / scaling}


def sgemm(side: int = SIDE) -> float:
    """Float operations a second of a product of float32 matrices."""
    a, b = np.random.default_rng(0).standard_normal((2, side, side)).astype(np.float32)
    out = np.empty_like(a)
    return 2 * side**3 / best(lambda: np.matmul(a, b, out=out))


def of_gpu() -> dict[str, float]:
    """The same limits of a GPU, by its own events; four times the matrices' sides."""
    cupy: Any = importlib.import_module("cupy")
    clock, side = Clock("fusegrad", cold=False), 4 * SIDE
    x, y = cupy.ones(8 * SIZE, np.float32), cupy.zeros(8 * SIZE, np.float32)
    a, b = (cupy.random.standard_normal((side, side), np.float32) for _ in range(2))

    def fastest(call: Callable[[], object]) -> float:
        return min(clock(call, 5) for _ in range(SAMPLES))

    copying = fastest(lambda: cupy.copyto(y, x))
    scaling = fastest(lambda: cupy.negative(x, out=x))
    rate = 2.0 * side**3 / fastest(lambda: cupy.matmul(a, b))
    return {"copy": 2 * x.nbytes / copying, "in place": 2 * x.nbytes / scaling, "sgemm": rate}


def main() -> None:
    """All of them, and whether the machine was busy meanwhile."""
    threads, watch = int(sys.argv[1]), Watch()
    on_host = device() == "cpu"
    found = {**bandwidth(threads), "sgemm": sgemm()} if on_host else of_gpu()
    print(json.dumps({**found, "busy": watch.busy()}), flush=True)


if __name__ == "__main__":
    main()
