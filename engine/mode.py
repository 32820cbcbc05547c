"""What holds for every op of a block, one setting a thread: recording or not, forward mode."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any


class Mode(threading.local):
    """The settings of this thread."""

    recording = True
    forward: Callable[..., Any] | None = None  # what runs ops inside a jvp; see forward.py
    watcher: Any = None  # what looks at every op; see anomaly.py
    replaying = False  # whether a checkpoint computes again what it has forgotten
    # While somebody looks on: ways back, and checkpoints that compute again, outermost first.
    within: tuple[Any, ...] = ()
    usual = True  # whether ops are recorded, and nobody stands in between or looks on

    def set(self, name: str, value: Any) -> Any:
        """Change a setting; gives what it was."""
        before = getattr(self, name)
        setattr(self, name, value)
        self.usual = self.recording and self.forward is None and self.watcher is None
        return before


MODE = Mode()


def is_recording() -> bool:
    """Whether ops on Tensors that require a gradient are recorded now."""
    return MODE.recording


def no_grad() -> AbstractContextManager[None]:
    """Compute without recording: nothing done in this block can be differentiated."""
    return recording(False)


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record in this block, or not, whatever holds around it."""
    before = MODE.set("recording", on)
    try:
        yield
    finally:
        MODE.set("recording", before)


@contextmanager
def watching(watcher: Any) -> Iterator[Any]:
    """Let a watcher look at every op of this block; see anomaly.py."""
    before = MODE.set("watcher", watcher)
    try:
        yield watcher
    finally:
        MODE.set("watcher", before)


@contextmanager
def within(what: Any) -> Iterator[None]:
    """Let watchers know what runs in this block: a way back, or a checkpoint."""
    before = MODE.set("within", (*MODE.within, what))
    try:
        yield
    finally:
        MODE.set("within", before)


@contextmanager
def replaying() -> Iterator[None]:
    """Compute again what ran before: what a forward changes on its way, it has changed."""
    before = MODE.set("replaying", True)
    try:
        yield
    finally:
        MODE.set("replaying", before)


@contextmanager
def forward(run: Callable[..., Any]) -> Iterator[None]:
    """Let `run(op, args, params)` run every op of this block."""
    before = MODE.set("forward", run)
    try:
        yield
    finally:
        MODE.set("forward", before)
