"""A folder of compiled code, one file an entry, so that the next process need not compile.

An entry is written whole or not at all, and read only where its checksum is right and its file
belongs to this user or to the administrator, since it will be run. Whatever goes wrong with a
file, there is then no entry: the work is done again, and takes longer.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from functools import cache
from pathlib import Path

SUFFIX, PARTIAL = ".compiled", ".partial"
DIGEST = hashlib.sha256().digest_size


@cache
def folder() -> Path:
    """$FUSEGRAD_CACHE, or else the user's folder for such files; it need not be there."""
    if chosen := os.environ.get("FUSEGRAD_CACHE"):
        return Path(os.path.abspath(chosen))
    try:
        return _user_cache() / "fusegrad"
    except RuntimeError:  # no home folder
        import tempfile  # slow to import, and rarely needed

        return Path(tempfile.gettempdir(), "fusegrad")


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def read(name: str) -> bytes | None:
    """The content of an entry; None where there is none, or none that can be trusted."""
    try:
        with open(folder() / (name + SUFFIX), "rb") as file:
            content = file.read() if _is_trusted(file.fileno()) else b""
    except OSError:
        return None
    digest, content = content[:DIGEST], content[DIGEST:]
    return content if hashlib.sha256(content).digest() == digest else None


def _is_trusted(file: int) -> bool:
    return os.name == "nt" or os.fstat(file).st_uid in (os.geteuid(), 0)


def write(name: str, content: bytes) -> bool:
    """Put an entry into the folder, in place of an older one; says whether that went well."""
    path = folder() / (name + SUFFIX)
    partial = path.with_name(f"{name[:32]}.{os.urandom(8).hex()}{PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "xb") as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)
        os.replace(partial, path)
        return True
    except OSError:  # no right to write, no space left, folder gone
        return False
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def entries() -> dict[str, int]:
    """The name of every entry, with its size in bytes."""
    found = {}
    with contextlib.suppress(OSError):
        for item in os.scandir(folder()):
            with contextlib.suppress(OSError):  # gone meanwhile
                if item.name.endswith(SUFFIX) and item.is_file():
                    found[item.name.removesuffix(SUFFIX)] = item.stat().st_size
    return found


def is_writable() -> bool:
    """Whether an entry can be written, tried with an empty one."""
    name = f"try.{os.urandom(8).hex()}"
    written = write(name, b"")
    with contextlib.suppress(OSError):
        (folder() / (name + SUFFIX)).unlink()
    return written


def clear() -> int:
    """Remove every entry, and what a killed process left of one; gives how many entries went.
    Other files stay.

    Raises: OSError where a file cannot be removed.
    """
    names = entries()
    for name in names:
        (folder() / (name + SUFFIX)).unlink(missing_ok=True)
    for path in folder().glob(f"*{PARTIAL}"):
        path.unlink(missing_ok=True)
    return len(names)
