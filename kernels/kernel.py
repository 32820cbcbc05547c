"""The single entry point: every raw computation of the system is a `Kernel`, and a call of a
Kernel is the one place that can count it, time it, look for NaN in it, or record it."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

Observer = Callable[["Kernel", tuple[Any, ...], dict[str, Any], Any], None]
OBSERVERS: list[Observer] = []


class _Quiet(threading.local):
    """A context, one a thread, in which NumPy lets inf and nan pass in silence, as every other
    reader does. Entering it costs a tenth of `np.errstate`."""

    def __init__(self) -> None:
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


QUIET = _Quiet()


class Kernel:
    """A raw computation on arrays of any device; it calls no other kernel.

    `QUIET.run(kernel.compute, ...)`, and where the result is no array or somebody observes
    `kernel.settle` of it: that is a call. The tape writes it out, to spare small ops a call.
    """

    is_foreign = False

    def __init__(self, name: str, compute: Callable[..., Any]) -> None:
        self.name, self.compute = name, compute

    def __call__(self, *args: Any, **params: Any) -> Any:
        result = QUIET.run(self.compute, *args, **params)
        if result.__class__ is np.ndarray and not OBSERVERS:
            return result
        return self.settle(result, args, params)

    def settle(self, result: Any, args: Any, params: dict[str, Any]) -> Any:
        """The result as an array, for a Tensor holds no NumPy scalars; observers are told."""
        if isinstance(result, np.generic):
            result = np.asarray(result)
        for observer in tuple(OBSERVERS):
            observer(self, tuple(args), params, result)
        return result

    def __repr__(self) -> str:
        return f"<kernel {self.name}>"


class Foreign(Kernel):
    """A computation that may call kernels itself: a user's own."""

    is_foreign = True

    def __call__(self, *args: Any, **params: Any) -> Any:
        with np.errstate(all="ignore"):
            result = self.compute(*args, **params)
        for observer in tuple(OBSERVERS):
            observer(self, args, params, result)
        return result


def kernel(compute: Callable[..., Any]) -> Kernel:
    """Make a function on arrays a kernel of the same name (`sum_` is named sum)."""
    return Kernel(compute.__name__.rstrip("_"), compute)


@contextmanager
def observe(observer: Observer) -> Iterator[None]:
    """Call `observer(kernel, args, params, result)` after every raw computation in this block.

    >>> names = []
    >>> double = kernel(lambda x: x + x)
    >>> with observe(lambda kernel, args, params, result: names.append(result)):
    ...     _ = double(21)
    >>> names
    [42]
    """
    OBSERVERS.append(observer)
    try:
        yield
    finally:
        OBSERVERS.remove(observer)
