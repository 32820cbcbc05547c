"""Source turned into compiled functions, which the next process finds again.

Numba's own cache stands beside the source, fails on a damaged file and on a full disk, and,
before it looks for what is compiled already, loads all that Numba can compile, which takes a
quarter of a second. So each function here gets a `Kept` in its place.
"""

from __future__ import annotations

import hashlib
import importlib
import linecache
import pickle
import platform
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from . import threads
from .cache import read, write

HERE = Path(__file__).parent
FORMAT = "1"  # of an entry
# Elements from which one compiled pass beats NumPy's several by enough to start a compiler for
# (`benchmarks/crossover.py`).
FROM = 16_384
READY: list[str] = []  # what this process found in the folder
COMPILED: list[str] = []  # what it compiled


@cache
def hash_of_library() -> str:
    """Part of every cache key: compiled kernels hold the library inside them."""
    paths = [HERE / "low_level.py", HERE / "vector_math.py", *HERE.glob("vector/*.py")]
    texts = b"".join(path.read_bytes() for path in sorted(paths))
    return hashlib.sha256(texts).hexdigest()[:8]


def made_by(codegen: Any) -> tuple[Any, ...]:
    """The processor, and the versions of all that has a part in compiled code."""
    import llvmlite
    import numba

    python = (platform.python_implementation(), *sys.version_info[:3], sys.flags.optimize)
    return FORMAT, *codegen.magic_tuple(), numba.__version__, llvmlite.__version__, *python


def _numba(name: str) -> Any:
    """A part of Numba, which is imported by now."""
    return importlib.import_module(f"numba.core.{name}")


class Kept:
    """What Numba asks for the compiled form of one function, and gives it to.

    An entry is named after the function, its source, the types of its arguments, the processor,
    and the versions of all that had a part in it.
    """

    def __init__(self, stem: str, function: Any) -> None:
        self.stem = f"{stem}.{function.__name__}"

    def _name(self, signature: Any, codegen: Any) -> str:
        key = repr((signature, *made_by(codegen)))
        return f"{self.stem}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The compiled form for the types of a signature, or None."""
        name = self._name(signature, context.codegen())
        if (content := read(name)) is None:
            return None
        _numba("runtime").rtsys.initialize(context)  # the symbols that compiled code calls
        try:
            rebuild = _numba("compiler").CompileResult._rebuild
            found = rebuild(context, *pickle.loads(content))
        except Exception:  # anything may come of reading what another program wrote
            return None
        READY.append(name)
        return found

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled form, where it holds no address of this process."""
        name = self._name(signature, result.codegen)
        COMPILED.append(name)
        if not result.library.has_dynamic_globals:
            write(name, _numba("serialize").dumps(result._reduce()))


def compile_source(name: str, source: str) -> ModuleType:
    """The module of compiled functions; starts Numba."""
    threads.numba()
    key = hashlib.sha256(f"{hash_of_library()}{source}".encode()).hexdigest()[:16]
    stem = f"{re.sub(r'[^0-9A-Za-z]', '_', name)[:40]}_{key}"
    module = ModuleType(f"fusegrad_compiled.{stem}")
    sys.modules[module.__name__] = module  # where compiled code looks for its globals
    file = f"<compiled {stem}>"
    linecache.cache[file] = len(source), None, source.splitlines(True), file  # for tracebacks
    exec(compile(source, file, "exec"), vars(module))
    dispatcher = _numba("dispatcher").Dispatcher
    for function in vars(module).values():
        if isinstance(function, dispatcher) and function.__module__ == module.__name__:
            function._cache = Kept(stem, function)
    return module


@cache
def loops(name: str) -> ModuleType:
    """The compiled loops of one file of `loops/`."""
    text = (HERE / "loops" / f"{name}.py").read_text(encoding="utf-8")
    return compile_source(name, text)
