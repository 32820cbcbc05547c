"""Where a worker computes, and how the time of a GPU is taken.

A GPU works behind the calls that ask it to, so a clock of the host would measure the asking:
events on the device's own queue stand before the work and behind it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from .case import framework

COLD = ", cold cache"  # how the name of a case ends that is timed so
VARIABLE = "FUSEGRAD_BENCH_DEVICE"  # set by who starts a worker
FLUSH = 1 << 28  # bytes that are written to drive all else out of the GPU's second-level cache


def device() -> str:
    """`cpu` or `cuda`, in this process."""
    return os.environ.get(VARIABLE, "cpu")


def ours(x: Any, requires_grad: bool = False) -> Any:
    """An array as a Tensor of ours, where this process computes."""
    make = import_module("fusegrad").tensor
    return make(x, requires_grad=requires_grad, device=device())


def theirs(x: np.ndarray) -> Any:
    """An array as a tensor of torch's, where this process computes."""
    return import_module("torch").from_numpy(x).to(device())


def host(x: Any) -> np.ndarray:
    """A tensor of torch's as an array."""
    return np.asarray(x.detach().cpu().numpy())


class Events(Protocol):
    """What a framework offers to take the time of its GPU."""

    def event(self) -> Any:
        """A new event, placed behind what was asked so far."""

    def seconds(self, start: Any, end: Any) -> float:
        """From one event to another, once both have come to pass."""

    def flush(self) -> None:
        """Write more than the second-level cache holds."""


class OfCuPy:
    """The events of fusegrad's kernels."""

    def __init__(self) -> None:
        self.cupy: Any = import_module("cupy")
        self.buffer = self.cupy.zeros(FLUSH, np.uint8)

    def event(self) -> Any:
        event = self.cupy.cuda.Event()
        event.record()
        return event

    def seconds(self, start: Any, end: Any) -> float:
        end.synchronize()
        return float(self.cupy.cuda.get_elapsed_time(start, end)) / 1e3

    def flush(self) -> None:
        self.buffer += 1


class OfTorch:
    """The events of torch's kernels."""

    def __init__(self) -> None:
        self.torch: Any = import_module("torch")
        self.buffer = self.torch.zeros(FLUSH, dtype=self.torch.uint8, device="cuda")

    def event(self) -> Any:
        event = self.torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def seconds(self, start: Any, end: Any) -> float:
        end.synchronize()
        return float(start.elapsed_time(end)) / 1e3

    def flush(self) -> None:
        self.buffer.add_(1)


EVENTS: dict[str, Callable[[], Events]] = {"fusegrad": OfCuPy, "torch": OfTorch}


class Clock:
    """Seconds of the device for a call: on average over calls one after the other, which find
    in the cache what the last one left; or, cold, each behind a flush."""

    def __init__(self, contender: str, cold: bool) -> None:
        self.events, self.cold = EVENTS[framework(contender)](), cold

    def __call__(self, step: Callable[[], object], repeats: int) -> float:
        events = self.events
        if not self.cold:
            start = events.event()
            for _ in range(repeats):
                step()
            return events.seconds(start, events.event()) / repeats
        total = 0.0
        for _ in range(repeats):
            events.flush()
            start = events.event()
            step()
            total += events.seconds(start, events.event())
        return total / repeats
