"""Numba, started once with the threading layer that stays calm when the machine is busy."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any


@cache
def numba() -> Any:
    """Numba on tbb, or on workqueue where tbb is absent; never omp, whose waiting threads spin.

    The wheel of tbb puts its library where the loader does not look, so it is opened here,
    before Numba asks for it. A layer chosen by NUMBA_THREADING_LAYER is left alone.
    """
    found = _open_tbb()
    import numba as module

    if "NUMBA_THREADING_LAYER" not in os.environ:
        config: Any = module.config
        config.THREADING_LAYER = "tbb" if found else "workqueue"
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
