"""The states of random generators, so that a computation can be repeated, draws and all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

States = dict[int, tuple[np.random.Generator, Any]]


class _Notes(threading.local):
    def __init__(self) -> None:
        self.open: list[States] = []


_notes = _Notes()


def note(rng: np.random.Generator) -> None:
    """Remember the state of a generator that is about to draw, where somebody asked for it."""
    for states in _notes.open:
        if id(rng) not in states:
            states[id(rng)] = (rng, rng.bit_generator.state)


@contextmanager
def noted() -> Iterator[States]:
    """Every generator that draws in this block, with its state before its first draw."""
    states: States = {}
    _notes.open.append(states)
    try:
        yield states
    finally:
        _notes.open.remove(states)


@contextmanager
def restored(states: States) -> Iterator[None]:
    """Draw once more what was drawn from these states; then go on as if nothing had been."""
    before = [(rng, rng.bit_generator.state) for rng, _ in states.values()]
    for rng, state in states.values():
        rng.bit_generator.state = state
    try:
        yield
    finally:
        for rng, state in before:
            rng.bit_generator.state = state
