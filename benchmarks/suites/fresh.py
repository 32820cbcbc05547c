"""A fresh process of Python, and a folder that is gone when this one ends."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from tempfile import mkdtemp


def output(who: str, arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    """What Python prints for these arguments, with more variables in its environment.

    Raises: OSError where it does not end well, with the last line that it said.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"nothing, and status {done.returncode}"]
        raise OSError(f"{who}: expected a process that ends well, got: {said[-1]}")
    return done.stdout


def own_folder() -> str:
    """A new folder, there until this process ends."""
    folder = mkdtemp(prefix="fusegrad-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
