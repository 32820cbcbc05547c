"""How many threads compute, and Numba, started once with the threading layer that stays calm
when the machine is busy."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

from .errors import OptionError

OTHER_LIMITS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")


def chosen() -> int | None:
    """$FUSEGRAD_THREADS, where it is set. Raises: OptionError for what is no count."""
    text = os.environ.get("FUSEGRAD_THREADS", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise OptionError("FUSEGRAD_THREADS", "a number from 1 up", repr(text), "try 1")
    return min(int(text), _cores())


def limit() -> int:
    """Threads that a kernel may use: $FUSEGRAD_THREADS, or else the cores that this process may
    use; never more than NUMBA_NUM_THREADS and OMP_NUM_THREADS allow.

    Raises: OptionError for a FUSEGRAD_THREADS that is no count.
    """
    others = [os.environ.get(name, "").split(",")[0].strip() for name in OTHER_LIMITS]
    counts = [int(text) for text in others if text.isascii() and text.isdigit()]
    return max(min(chosen() or _cores(), *counts, sys.maxsize), 1)


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def numba() -> Any:
    """Numba on tbb, or on workqueue where tbb is absent; never omp, whose waiting threads spin.

    The wheel of tbb puts its library where the loader does not look, so it is opened here,
    before Numba asks for it. A layer chosen by NUMBA_THREADING_LAYER is left alone.
    """
    count, found, is_new = limit(), _open_tbb(), "numba" not in sys.modules
    if is_new and count < _cores():  # Numba reads it once, at its import, and compares later
        os.environ["NUMBA_NUM_THREADS"] = str(count)
    import numba as module

    config: Any = module.config
    if "NUMBA_THREADING_LAYER" not in os.environ:
        config.THREADING_LAYER = "tbb" if found else "workqueue"
    if not is_new and count < config.NUMBA_NUM_THREADS:
        module.set_num_threads(count)
    return module


def _open_tbb() -> bool:
    import ctypes  # like importlib.metadata slow to import, and rarely needed
    import importlib.metadata

    try:
        files = importlib.metadata.files("tbb") or []
    except importlib.metadata.PackageNotFoundError:
        return False
    names = ("libtbb.so.12", "tbb12.dll", "libtbb.12.dylib")
    for path in (f.locate() for f in files if f.name in names):
        try:
            ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
            return True
        except OSError:
            continue
    return False


def layer() -> str:
    """The threading layer that Numba was told to use, or a word where it has not started."""
    return str(numba().config.THREADING_LAYER) if "numba" in sys.modules else "not started"
