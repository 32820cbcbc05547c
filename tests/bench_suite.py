"""A suite whose contenders behave as contenders should not, and some that do.

All but ours are variants of a framework that is always there: `math`, which needs no NumPy."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from fusegrad.benchmarks.case import Case, Floor, Work

TRUTH = [[1.0, -4.0], [0.5]]
PAUSE = 0.01


def work(
    step: Callable[[], object] = lambda: None, result: Sequence[Any] = TRUTH
) -> Callable[[], Work]:
    return lambda: Work(step, lambda: result)


def sleeping(seconds: float) -> Callable[[], Work]:
    return work(lambda: time.sleep(seconds))


def broken() -> Work:
    raise RuntimeError("no such\nkernel")


def ended() -> Work:
    print("out of luck", file=sys.stderr, flush=True)
    os._exit(3)


def lacking() -> Work:
    raise ModuleNotFoundError("No module named 'optional_part'", name="optional_part")


def lacking_ours() -> Work:
    import fusegrad.no_such_part  # type: ignore[import-not-found]  # noqa: F401

    raise AssertionError


def failing_later() -> Work:
    began = time.monotonic()
    calls: list[float] = []

    def step() -> None:
        calls.append(time.monotonic() - began)
        if len(calls) > 5:
            raise ValueError("enough")
        time.sleep(0.5)

    return Work(step, lambda: TRUTH)


def talking() -> Work:
    def step() -> None:
        print("to stdout")
        os.write(1, b"past Python\n")

    return Work(step, lambda: TRUTH)


def stuck() -> Work:
    print("begun", file=sys.stderr, flush=True)
    time.sleep(600)
    raise AssertionError


def counted() -> Work:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "FUSEGRAD_THREADS")
    return Work(lambda: None, lambda: [float(os.environ[name]) for name in names])


def wrong_truth() -> list[list[float]]:
    raise ZeroDivisionError("none")


CONTENDERS: dict[str, Callable[[], Work]] = {
    "fusegrad": work(),
    "math wrong": work(result=[[1.0, -4.1], [0.5]]),
    "math nan": work(result=[[1.0, float("nan")], [0.5]]),
    "math shape": work(result=[[1.0], [0.5]]),
    "math fewer": work(result=TRUTH[:1]),
    "math broken": broken,
    "math ended": ended,
    "math lacking": lacking,
    "fusegrad lacking": lacking_ours,
    "math later": failing_later,
    "math talking": talking,
    "no_such_framework": work(),
}


def cases() -> list[Case]:
    sleepers = {"fusegrad": sleeping(PAUSE), "math twice": sleeping(2 * PAUSE)}
    twice = {"math twice": 0.9}
    peaks = {"fusegrad": work(lambda: 1e6), "math": work(lambda: 4e6)}
    return [
        Case("sleep", sleepers, lambda: TRUTH, goals=twice, floor=Floor(bytes=1e6)),
        Case("failures", CONTENDERS, lambda: TRUTH),
        Case("threads", {"fusegrad": counted}, lambda: [1.0] * 4),
        Case("memory", peaks, unit="bytes"),
        Case("truth", {"fusegrad": work(), "math": work()}, wrong_truth),
        Case("stuck", {"fusegrad": stuck}),
    ]
