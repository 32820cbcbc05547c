"""Who looks on at the steps of every optimizer, whoever made it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .optimizer import Optimizer


class StepWatcher(Protocol):
    """Sees an optimizer when all its hooks have run and nothing has moved, and again when
    everything has."""

    def before_step(self, optimizer: Optimizer) -> None: ...

    def after_step(self, optimizer: Optimizer) -> None: ...


WATCHERS: list[StepWatcher] = []


@contextmanager
def watching_steps(watcher: StepWatcher) -> Iterator[None]:
    """Let a watcher see every step of this block."""
    WATCHERS.append(watcher)
    try:
        yield
    finally:
        WATCHERS.remove(watcher)
