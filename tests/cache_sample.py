"""A cache folder of a test's own, and what happens to one small function there."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusegrad.kernels import cache, compiled

SOURCE = """\
from numba import njit

@njit(error_model="numpy", nogil=True)
def twice(x):
    return x + x
"""


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of this test's own."""
    monkeypatch.setenv("FUSEGRAD_CACHE", str(tmp_path / "cache"))
    cache.folder.cache_clear()
    yield tmp_path / "cache"
    cache.folder.cache_clear()


def outcome(source: str = SOURCE) -> str:
    """Whether a new process (its functions have nothing in memory) compiles, or finds."""
    compiled.COMPILED.clear()
    compiled.READY.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiled.compile_source("twice <of> x", source).twice(21.0) == 42.0
    assert len(compiled.COMPILED + compiled.READY) == 1
    return "compiled" if compiled.COMPILED else "ready"


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path
