"""What a network costs: parameters, multiply-adds, time and memory of one pass each way."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...engine import Tensor
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError, pool
from ...nn import Module
from .held_out import Criterion, untouched
from .table import Record, aligned

HEAD = ("name", "parameters", "multiply-adds", "forward ms", "backward ms", "peak KB")
KILO = 1024


@dataclass(frozen=True)
class Cost(Record):
    """Of one batch. Units: milliseconds, medians of several passes; bytes at the peak of one
    pass forward and back, beyond what was held before, on the host.

    multiply_adds are those of matrix products and convolutions, as `Module.summary` counts
    them; what goes through einsum or element by element is not in them.
    """

    name: str
    parameters: int
    multiply_adds: int
    forward_ms: float
    backward_ms: float
    peak_bytes: int

    def cells(self) -> list[str]:
        """As a row of a table under `HEAD`."""
        counts = [f"{self.parameters:,}", f"{self.multiply_adds:,}"]
        times = [f"{self.forward_ms:.3f}", f"{self.backward_ms:.3f}"]
        return [self.name, *counts, *times, f"{self.peak_bytes / KILO:,.0f}"]

    def __str__(self) -> str:
        return aligned(HEAD, [self.cells()])


def cost(
    network: Module,
    inputs: Any,
    target: Any = None,
    *,
    name: str = "",
    criterion: Criterion = cross_entropy,
    repeats: int = 5,
) -> Cost:
    """Run forward and backward, in the present mode, and count. The loss is
    `criterion(output, target)`; without a target the sum of the output. Values,
    gradients and generators are as before when it ends.

    Raises: OptionError for less than one repeat.
    """
    if repeats < 1:
        raise OptionError("cost", "1 repeat or more", str(repeats), "5 give a fair median")

    def forward() -> Tensor:
        y: Tensor = network(inputs)
        return y.sum() if target is None else criterion(y, target)

    with untouched(network):
        multiply_adds = network.summary(inputs).multiply_adds
        peak = _peak(forward)
        times = [_timed(forward) for _ in range(repeats)]
    there, back = (1e3 * statistics.median(t) for t in zip(*times, strict=True))
    label = name or type(network).__name__
    return Cost(label, network.count_parameters(), multiply_adds, there, back, peak)


def cost_table(costs: list[Cost]) -> str:
    """Costs in rows."""
    return aligned(HEAD, [found.cells() for found in costs])


def _timed(forward: Callable[[], Tensor]) -> tuple[float, float]:
    """Seconds of one pass forward, and of its way back."""
    began = time.perf_counter()
    loss = forward()
    between = time.perf_counter()
    loss.backward()
    return between - began, time.perf_counter() - between


def _peak(forward: Callable[[], Tensor]) -> int:
    """Bytes at the peak of one pass, beyond those held before it."""
    pool.clear()  # what is taken from there is not seen
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        forward().backward()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not was_tracing:
            tracemalloc.stop()
