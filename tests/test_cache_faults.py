"""Faults of the folder of compiled code: what they cost is time, and nothing else."""

import contextlib
import errno
import os
import pickle
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fusegrad.kernels import cache
from tests.cache_sample import SOURCE, cache_folder, only_file, outcome

folder = cache_folder


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _sealed(content: bytes) -> bytes:
    return cache.hashlib.sha256(content).digest() + content


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": _cut,
    "cut in the checksum": lambda content: content[:10],
    "empty": lambda content: b"",
    "garbage": lambda content: os.urandom(len(content)),
    "one bit": _bit,
    "no pickle": lambda content: _sealed(b"not a pickle"),
    "of another program": lambda content: _sealed(pickle.dumps((1, 2))),
    "nothing, sealed": lambda content: _sealed(b""),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_compiled_again_and_replaced(damage: str, folder: Path) -> None:
    outcome()
    path = only_file(folder)
    whole = len(path.read_bytes())
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert [outcome(), outcome()] == ["compiled", "ready"]
    assert only_file(folder) == path and abs(len(path.read_bytes()) - whole) < 64


def test_a_folder_in_the_place_of_an_entry_stays(folder: Path) -> None:
    outcome()
    path = only_file(folder)
    path.unlink()
    path.mkdir()
    assert [outcome(), outcome()] == ["compiled"] * 2
    assert only_file(folder).is_dir() and cache.entries() == {}


def test_an_entry_of_another_user_is_not_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome()
    path, me = only_file(folder), os.geteuid()
    with monkeypatch.context() as other:
        if me == 0:  # whose own files everybody may trust
            os.chown(path, 12345, 12345)
        else:
            other.setattr(os, "geteuid", lambda: me + 1)
        assert outcome() == "compiled"
    assert outcome() == "ready" and path.stat().st_uid == me


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Without the rights of the administrator, who may write anywhere."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


def test_a_folder_that_cannot_be_written_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path(tempfile.mkdtemp())  # not tmp_path, which is closed to others
    monkeypatch.setenv("FUSEGRAD_CACHE", str(place))
    cache.folder.cache_clear()
    try:
        assert outcome() == "compiled"
        assert stat.S_IMODE(only_file(place).stat().st_mode) & 0o044  # by others, too
        place.chmod(0o555)
        with unprivileged():
            assert not cache.is_writable()
            assert outcome() == "ready"
            assert [outcome(SOURCE + "# 2\n") for _ in range(2)] == ["compiled"] * 2
        assert len(list(place.iterdir())) == 1
    finally:
        shutil.rmtree(place)
        cache.folder.cache_clear()


@pytest.mark.parametrize("below", ["", "cache", "cache/deeper"])
def test_a_file_in_the_place_of_the_folder_stays(
    below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("mine")
    monkeypatch.setenv("FUSEGRAD_CACHE", str(tmp_path / "taken" / below))
    cache.folder.cache_clear()
    try:
        assert not cache.is_writable() and cache.entries() == {} and cache.clear() == 0
        assert [outcome(), outcome()] == ["compiled"] * 2
        assert (tmp_path / "taken").read_text() == "mine"
    finally:
        cache.folder.cache_clear()


class FullDisk:
    """A file of a disk on which there is room for the first piece alone."""

    def __init__(self, file: Any, error: BaseException) -> None:
        self.file, self.error, self.pieces = file, error, 0

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, piece: bytes) -> None:
        self.pieces += 1
        if self.pieces > 1:
            raise self.error
        self.file.write(piece)


def test_a_full_disk_keeps_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as disk:
        disk.setattr(cache, "open", _opened(full), raising=False)
        assert [outcome(), outcome()] == ["compiled"] * 2
        assert list(folder.iterdir()) == []
    assert [outcome(), outcome()] == ["compiled", "ready"]


def test_a_write_that_is_stopped_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "open", _opened(KeyboardInterrupt()), raising=False)
    with pytest.raises(KeyboardInterrupt):
        cache.write("entry", b"content")
    assert list(folder.iterdir()) == []


def _opened(error: BaseException) -> Callable[..., Any]:
    def opened(path: Any, mode: str) -> Any:
        file = open(path, mode)  # noqa: SIM115
        return FullDisk(file, error) if "x" in mode else file

    return opened


def test_a_folder_that_goes_away_comes_back(folder: Path) -> None:
    assert outcome() == "compiled"
    shutil.rmtree(folder)
    assert [outcome(), outcome()] == ["compiled", "ready"]
