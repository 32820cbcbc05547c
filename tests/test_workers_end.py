"""Processes of an experiment end with the program that started them, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = """
import os, sys, time
from fusegrad.experiments.workers import in_processes

def nap(folder, job):
    open(os.path.join(folder, str(os.getpid())), "w").close()
    time.sleep(600)

if __name__ == "__main__":
    try:
        in_processes(2)(nap, [(sys.argv[1], job) for job in range(3)])
    except KeyboardInterrupt:
        print("stopped")
"""
PATIENCE = 60.0  # seconds
ENDS = [
    (lambda pid: os.killpg(pid, signal.SIGINT), "stopped\n"),
    (lambda pid: os.kill(pid, signal.SIGINT), "stopped\n"),
    (lambda pid: os.kill(pid, signal.SIGKILL), ""),
]


def until(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    return is_so()


def is_gone(pid: str) -> bool:
    """Whether a process is no more, or only waits to be counted out."""
    seen = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True)
    return not seen.stdout.strip() or seen.stdout.strip().startswith("Z")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("end", "said"), ENDS, ids=["ctrl-c", "interrupt", "killed"])
def test_no_process_is_left(end: Callable[[int], None], said: str, tmp_path: Path) -> None:
    script, pids = tmp_path / "script.py", tmp_path / "pids"
    script.write_text(SCRIPT)
    pids.mkdir()
    given = [sys.executable, str(script), str(pids)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        given, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        assert until(lambda: len(list(pids.iterdir())) == 2)
        end(process.pid)
        out, err = process.communicate(timeout=PATIENCE)
    assert out == said and "Traceback" not in err
    assert until(lambda: all(is_gone(path.name) for path in pids.iterdir()))
