"""The folder of compiled code: what is found again, where it is, and how to empty it."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numpy as np
import pytest

from fusegrad.kernels import cache, compiled, lift, on_numba, threads, trace
from tests.cache_sample import SOURCE, cache_folder, only_file, outcome

folder = cache_folder


# ---- what is found again ---------------------------------------------------------------------
def test_what_was_compiled_once_is_ready(folder: Path) -> None:
    assert [outcome(), outcome()] == ["compiled", "ready"]
    name = only_file(folder).name
    assert re.fullmatch(r"twice__of__x_[0-9a-f]{16}\.twice-[0-9a-f]{16}\.compiled", name)
    size = len(only_file(folder).read_bytes())
    assert cache.entries() == {name.removesuffix(".compiled"): size}


def test_a_changed_rule_dtype_or_library_is_other_source() -> None:
    def source(rule: Callable[..., Any], dtype: str = "float32") -> str:
        return on_numba.elementwise_source(trace(rule, "same"), dtype, (False,))

    texts = [source(lambda x: x * 2), source(lambda x: x * 3)]
    assert len({*texts, source(lambda x: x * 2, "float64")}) == 3
    assert source(lambda x: x * 2) == texts[0]


def test_other_source_types_or_library_is_another_entry(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcome() == outcome(SOURCE + "# changed\n") == "compiled"
    compiled.compile_source("twice <of> x", SOURCE).twice(np.float32(1))
    assert len(cache.entries()) == 3
    monkeypatch.setattr(compiled, "hash_of_library", lambda: "another")
    assert outcome() == "compiled"


VERSIONS = [
    (threads.numba(), "__version__", "0.1"),
    (llvmlite, "__version__", "0.1"),
    (compiled.platform, "python_implementation", lambda: "Other"),
    (compiled.sys, "version_info", (3, 99, 0)),
    (compiled, "FORMAT", "0"),
]


@pytest.mark.parametrize("change", VERSIONS, ids=lambda c: c[1])
def test_what_another_version_compiled_is_left_alone(
    change: tuple[Any, str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        kept = compiled.Kept("stem", compiled.compile_source("n", SOURCE).twice)
        here = kept._name("types", Machine("this"))
        other.setattr(*change)
        assert kept._name("types", Machine("this")) != here


class Machine:
    def __init__(self, *processor: str) -> None:
        self.magic_tuple = lambda: processor


def test_what_another_processor_compiled_is_left_alone(folder: Path) -> None:
    kept = compiled.Kept("stem", outcome)
    machines = [("x86_64", "znver4", "+avx512f"), ("x86_64", "znver4", ""), ("arm", "m1", "")]
    assert len({kept._name("types", Machine(*m)) for m in machines}) == 3


# ---- where, and how to empty it --------------------------------------------------------------
def test_any_name_of_a_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEGRAD_CACHE", str(tmp_path / "größer als nötig" / "キャッシュ"))
    cache.folder.cache_clear()
    try:
        assert [outcome(), outcome()] == ["compiled", "ready"]
        assert only_file(tmp_path / "größer als nötig" / "キャッシュ").is_file()
    finally:
        cache.folder.cache_clear()


PLACES: list[tuple[str, dict[str, str], str]] = [
    ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/fusegrad"),
    ("linux", {"HOME": "/users/me"}, "/users/me/.cache/fusegrad"),
    ("darwin", {"HOME": "/users/me"}, "/users/me/Library/Caches/fusegrad"),
    ("win32", {"LOCALAPPDATA": "/local"}, "/local/fusegrad"),
    ("linux", {"FUSEGRAD_CACHE": "/y"}, "/y"),
]


@pytest.mark.parametrize(("system", "environment", "place"), PLACES)
def test_where_the_folder_is(
    system: str, environment: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FUSEGRAD_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cache.sys, "platform", system)
    assert cache.folder.__wrapped__() == Path(place)


def test_without_a_home_it_lies_among_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("FUSEGRAD_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert cache.folder.__wrapped__() == Path(tempfile.gettempdir(), "fusegrad")


def test_a_relative_folder_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUSEGRAD_CACHE", "here")
    monkeypatch.chdir(tmp_path)
    assert cache.folder.__wrapped__() == tmp_path / "here"


def test_clearing_removes_what_is_ours_alone(folder: Path) -> None:
    outcome()
    (folder / "left.0123.partial").write_bytes(b"of a killed process")
    (folder / "mine.txt").write_text("mine")
    (folder / "sub.compiled").mkdir()
    assert cache.clear() == 1
    assert sorted(p.name for p in folder.iterdir()) == ["mine.txt", "sub.compiled"]
    assert outcome() == "compiled"


def test_what_cannot_be_compiled_is_shown(folder: Path) -> None:
    with pytest.raises(threads.numba().TypingError, match=r"return x\[0\]"):
        compiled.compile_source("odd", SOURCE.replace("x + x", "x[0]")).twice(1.0)


def test_an_address_of_this_process_is_never_kept(folder: Path) -> None:
    source = (
        SOURCE
        + """
import ctypes
five = ctypes.CFUNCTYPE(ctypes.c_double)(lambda: 21.0)

@njit
def twice(x):
    return five() + x
"""
    )
    assert [outcome(source), outcome(source)] == ["compiled"] * 2
    assert cache.entries() == {}


def test_a_large_array_runs_what_is_kept(folder: Path) -> None:
    def cube(n: int) -> Any:
        return lift(lambda x: x * x * x, "cube", "numba")(np.full(n, 2.0))

    for n in (100, 200_000):
        assert (cube(n) == 8.0).all()
    compiled.COMPILED.clear()
    assert all((cube(n) == 8.0).all() for n in (100, 200_000)) and not compiled.COMPILED


def test_locked_arrays_need_no_other_code(folder: Path) -> None:
    square = lift(lambda x, y: x * y + x, "square", "numba")
    x = np.full(100, 3.0)
    assert (square(x, x) == 12.0).all() and x.flags.writeable
    compiled.COMPILED.clear()
    locked = x.copy()
    locked.setflags(write=False)
    assert (square(locked, x) == 12.0).all() and (square(x, 3.0) == 12.0).all()
    assert len(compiled.COMPILED) == 1  # for the single number
