"""What turns source into compiled functions that the next process finds again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from types import ModuleType

from . import threads
from .cache import load

HERE = Path(__file__).parent
LIBRARY = ("low_level.py", "vector_math.py")  # what compiled source holds inside it


@cache
def hash_of_library() -> str:
    """Part of every cache key: compiled kernels hold the library inside them."""
    texts = b"".join((HERE / name).read_bytes() for name in LIBRARY)
    return hashlib.sha256(texts).hexdigest()[:8]


def compile_source(name: str, source: str) -> ModuleType:
    """The module of compiled functions; starts Numba."""
    threads.numba()
    return load(name, source)


@cache
def loops(name: str) -> ModuleType:
    """The compiled loops of one file of `loops/`."""
    text = (HERE / "loops" / f"{name}.py").read_text(encoding="utf-8")
    return compile_source(name, f"{text}\n# library {hash_of_library()}\n")
