"""Whether the machine was busy with something else while a sample was taken."""

from __future__ import annotations

import os
import time

from .pinned import cores

PRESSURE = "/proc/pressure/cpu"
LIMIT = 0.04  # of a sample's time, that some task waited for a core


def stalled() -> float | None:
    """Seconds, since the machine started, in which a task waited for a core; None where the
    kernel does not say. Source: Linux, Documentation/accounting/psi.rst."""
    try:
        with open(PRESSURE, encoding="ascii") as file:
            return int(file.readline().rpartition("=")[2]) / 1e6
    except (OSError, ValueError):
        return None


def source() -> str:
    """What `Watch` reads here."""
    if stalled() is not None:
        return f"{PRESSURE}: busy where a task waited for more than {LIMIT:.0%} of a sample"
    if hasattr(os, "getloadavg"):
        return "load average of a minute: busy where it is above the number of cores"
    return "unknown: this system tells neither CPU pressure nor load"


class Watch:
    """Begins when made."""

    def __init__(self) -> None:
        self.before, self.began = stalled(), time.perf_counter()

    def busy(self) -> bool:
        """Whether tasks waited since then."""
        after = stalled()
        if self.before is not None and after is not None:
            return after - self.before > LIMIT * (time.perf_counter() - self.began)
        return hasattr(os, "getloadavg") and os.getloadavg()[0] > cores()
