"""Vjps with two readings: one kernel on arrays, and the engine's own ops on Tensors, where the
gradient is itself to be differentiated. A test holds each against the other."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..kernels import Kernel
from .op import TwoReadings
from .value import Value

FUSED: dict[str, Fused] = {}


class Fused(TwoReadings):
    """A vjp (or jvp) that a kernel computes at once. `by_ops` names the arguments, says what
    they mean, and takes over where one of them is a Tensor; the kernel takes the same, in the
    same order."""

    def __init__(self, kernel: Kernel, by_ops: Callable[..., Any]) -> None:
        self.kernel, self.by_ops = kernel, by_ops
        self.names = tuple(inspect.signature(by_ops).parameters)
        FUSED[kernel.name] = self

    @property
    def on_arrays(self) -> Kernel:
        return self.kernel

    def __call__(self, *args: Any) -> Any:
        if any([isinstance(a, Value) for a in args]):
            return self.by_ops(*args)
        return self.kernel(*args)
