"""A worker as its parent holds it: asked, waited for, and ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Any

from .pinned import pinned
from .place import VARIABLE

GRACE = 2.0  # seconds that a worker has to leave by itself


class FailedError(Exception):
    """A contender that gives no figure: what kind of failure, and what it said in one line."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(f"{kind}: {said}")
        self.kind, self.said = kind, said


class Child:
    """A process that answers each line with one line of JSON; the first comes unasked."""

    def __init__(
        self, module: str, argument: object, threads: int, device: str = "cpu"
    ) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in `end`
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, json.dumps(argument)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**pinned(threads), VARIABLE: device},
            start_new_session=True,  # Ctrl-C is for the parent, which then ends its workers
        )
        self.lines: Queue[bytes] = Queue()
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(b"")

    def ask(self) -> None:
        """For one more answer."""
        assert self.process.stdin is not None
        with suppress(OSError):  # it has ended: `answer` tells
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()

    def answer(self, seconds: float) -> dict[str, Any]:
        """The next answer. Raises: FailedError."""
        try:
            line = self.lines.get(timeout=seconds)
        except Empty:
            raise FailedError("timed out", f"no answer in {seconds:g} s") from None
        if not line:
            raise FailedError("crashed", self._last_words())
        told: dict[str, Any] = json.loads(line)
        if "failed" in told:
            raise FailedError(told["failed"], told["said"])
        return told

    def _last_words(self) -> str:
        """The last line on stderr, and how it ended."""
        status = self._left()
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "no word")
        ended = f"exit status {status}"
        if status < 0:
            ended = f"ended by signal {signal.Signals(-status).name}"
        return f"{said} ({ended})"

    def end(self) -> None:
        """Close its input; if it does not leave, end it and what it started."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with suppress(OSError):
            self.process.stdin.close()
        self._left()
        self.reader.join(GRACE)
        self.process.stdout.close()
        self.errors.close()

    def _left(self) -> int:
        """Its status once it has ended, by itself or not."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(GRACE)
        if hasattr(os, "killpg"):
            os.killpg(self.process.pid, signal.SIGKILL)  # its own group: it leads it
        else:
            self.process.kill()
        return self.process.wait()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
