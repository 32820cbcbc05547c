"""One step in a process of its own, and how far its memory rose: see memory.py.

python -m fusegrad.benchmarks.suites.peak NAME CONTENDER
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from .memory import pieces

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # what the kernel takes for: the peak is what is resident now


def resident(name: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at most since the last reset."""
    if not STATUS.exists():
        raise OSError("peak memory: expected /proc/self/status, found none: run it on Linux")
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return 1024 * int(lines[name].split()[0])


def risen(name: str, contender: str) -> int:
    """Bytes between before a step and the largest size in it."""
    piece = pieces()[name]
    piece.small(contender).step()
    work = piece.full(contender)
    gc.collect()
    FORGET.write_text(RESET_PEAK)
    before = resident("VmRSS")
    work.step()
    return resident("VmHWM") - before


if __name__ == "__main__":
    print(risen(*sys.argv[1:3]))
