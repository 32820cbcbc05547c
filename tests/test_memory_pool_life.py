"""The pool among threads, in child processes, at the end, and after any order of events."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fusegrad.kernels import pool
from fusegrad.kernels.pool import FROM, empty

COUNT = FROM  # of float64: eight times as many bytes as the pool asks for


@pytest.fixture(autouse=True)
def fresh_pool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty pool with room for some arrays, and the old limit afterwards."""
    pool.clear()
    monkeypatch.setattr(pool._pool, "limit", 64 * COUNT)
    yield
    pool.clear()


# ---- threads, children, the end -----------------------------------------------------------
def test_threads_never_share_memory() -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        rng, held = np.random.default_rng(number), []
        for _ in range(300):
            x = empty((int(rng.integers(1, 4)) * FROM,), np.uint8)
            x[:] = number
            held.append(x)
            if len(held) > 3:
                y = held.pop(int(rng.integers(len(held))))
                wrong.extend([number] * (not (y == number).all()))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_busy_pool_is_gone_without() -> None:
    x, fresh = empty((COUNT,), np.float64), 0
    with pool._pool.lock:
        del x  # as when the collector ends an array inside a call
        y = empty((COUNT,), np.float64)
        fresh = pool.idle()
    assert fresh == 0 and y.shape == (COUNT,)


SCRIPT = """
import atexit, os, sys, threading
import numpy as np
from fusegrad.kernels import pool
kept = [pool.empty((1 << 20,), "u1") for _ in range(3)]
class Late:
    def __init__(self): self.x = pool.empty((1 << 20,), "u1"); self.me = self
    def __del__(self): self.x = None
late = Late()
sys.modules["kept_to_the_end"] = Late()
atexit.register(lambda: pool.empty((1 << 20,), "u1"))
del kept[0]
if hasattr(os, "fork"):
    pool._pool.lock.acquire()
    child = os.fork()
    if child == 0:
        x = pool.empty((1 << 20,), "u1")
        x[:] = 1
        del x
        sys.exit(0 if pool.idle() > 0 else 1)
    pool._pool.lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_a_fork_and_the_end_of_the_interpreter_pass_in_silence() -> None:
    env = {**os.environ, "FUSEGRAD_POOL": str(1 << 24)}
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# ---- any order of events ------------------------------------------------------------------
class Events(RuleBasedStateMachine):
    """Arrays come, are written to, viewed and dropped; each keeps what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[tuple[np.ndarray, int]] = []
        self.count = 0

    @rule(size=st.integers(1, 4), extra=st.integers(0, 5000))
    def come(self, size: int, extra: int) -> None:
        x, self.count = empty((size * FROM - extra,), np.uint8), self.count + 1
        x[:] = self.count % 251
        self.held.append((x, self.count % 251))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def view_and_drop(self, data: st.DataObject) -> None:
        k = data.draw(st.integers(0, len(self.held) - 1))
        x, value = self.held.pop(k)
        self.held.append((x[len(x) // 2 :], value))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    @rule(limit=st.sampled_from([0, 2 * FROM, 64 * FROM]))
    def shrink(self, limit: int) -> None:
        pool._pool.shrink(limit)

    @invariant()
    def nothing_was_written_over(self) -> None:
        assert all(
            (x[:: x.size // 7] == value).all() and x[-1] == value for x, value in self.held
        )
        idle = sum(size * len(held) for size, held in pool._pool.free.items())
        assert pool.idle() == idle <= pool.limit()


Events.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestEvents = Events.TestCase
