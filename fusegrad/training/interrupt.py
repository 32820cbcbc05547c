"""Ctrl-C between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noted_interrupt() -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl-C, to be acted on between two steps: raised inside one it would leave
    half of the parameters updated, and inside a compiler's callback it would get lost. A second
    one is raised at once. Signals reach the main thread only: elsewhere there is none to note.
    """
    noted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield noted.is_set
        return

    def note(number: int, frame: object) -> None:
        if noted.is_set():
            raise KeyboardInterrupt
        noted.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield noted.is_set
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
