"""Where generated source lives, so that the next process finds its compiled form again."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType


def _user_cache() -> Path:
    if folder := os.environ.get("FUSEGRAD_CACHE"):
        return Path(folder)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fusegrad"


@cache
def folder() -> Path:
    """The cache folder, made when needed: $FUSEGRAD_CACHE, else the user's cache folder, else,
    where that cannot be written, a temporary one for this process alone."""
    try:
        wanted = _user_cache()
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        temporary = tempfile.mkdtemp(prefix="fusegrad-")
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        return Path(temporary)


def load(name: str, source: str) -> ModuleType:
    """The module that holds `source`, from a file whose name is keyed by its content."""
    key = hashlib.sha256(source.encode()).hexdigest()[:16]
    path = folder() / f"{''.join(c if c.isalnum() else '_' for c in name)}_{key}.py"
    if not path.exists():
        _write(path, source)
    spec = importlib.util.spec_from_file_location(f"fusegrad_cache.{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Numba's cache looks the module up by its name
    spec.loader.exec_module(module)
    return module


def _write(path: Path, source: str) -> None:
    """Whole or not at all, so that a second process never reads half a file."""
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    os.replace(partial, path)
