"""What depends on the machine: the cache of compiled source, other processes, and threads."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import (
    Update,
    cache,
    compiled,
    lift,
    on_numba,
    reduce,
    threads,
    trace,
)
from fusegrad.optim.adam import adam
from tests.readers_sample import RULES

ROOT = Path(__file__).resolve().parents[1]
CUBE = "lift(lambda x: x * x * x, 'cube', reader='numba')(np.array([1.0, 2.0])).tolist()"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cache folder of this test's own."""
    monkeypatch.setenv("FUSEGRAD_CACHE", str(tmp_path / "cache"))
    cache.folder.cache_clear()
    yield tmp_path / "cache"
    cache.folder.cache_clear()


def start(code: str, **environment: str) -> subprocess.Popen:
    """Another Python that runs code, in which every warning is an error."""
    head = "import sys, numpy as np; from fusegrad.kernels import lift; "
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", head + code],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


# ---- the cache ----------------------------------------------------------------------------
def test_source_is_kept_under_its_content(folder: Path) -> None:
    one = cache.load("cube <of> x", "y = 1\n")
    again = cache.load("cube <of> x", "y = 1\n")
    other = cache.load("cube <of> x", "y = 2\n")
    assert (one.y, again.y, other.y) == (1, 1, 2)
    assert one.__file__ == again.__file__ != other.__file__
    files = sorted(folder.glob("*.py"))
    assert len(files) == 2
    assert all(re.fullmatch(r"cube__of__x_[0-9a-f]{16}\.py", f.name) for f in files)
    assert not list(folder.glob("*.tmp"))


def test_a_changed_rule_dtype_or_library_is_other_source() -> None:
    def source(rule: Callable[..., Any], dtype: str = "float32") -> str:
        return on_numba.elementwise_source(trace(rule, "same"), dtype, (False,))

    texts = [
        source(lambda x: x * 2),
        source(lambda x: x * 3),
        source(lambda x: x * 2, "float64"),
    ]
    assert len(set(texts)) == 3
    assert source(lambda x: x * 2) == texts[0]
    assert all(compiled.hash_of_library() in text for text in texts)


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    environment = {"FUSEGRAD_CACHE": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"}
    first, second = (said(start(f"print({CUBE})", **environment)) for _ in range(2))
    assert first.splitlines()[-1] == second.splitlines()[-1] == "[1.0, 8.0]"
    assert "data saved to" in first
    assert "data loaded from" in second and "data saved to" not in second


def test_processes_that_compile_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    racing = [start(f"print({CUBE})", FUSEGRAD_CACHE=str(tmp_path)) for _ in range(3)]
    assert [said(p) for p in racing] == ["[1.0, 8.0]"] * 3
    assert len(list(tmp_path.glob("*.py"))) == 1
    assert not list(tmp_path.glob("*.tmp"))


UNWRITABLE: dict[str, Callable[[Path], Path]] = {
    "a file": lambda place: place,
    "under a file": lambda place: place / "cache",
}


def test_the_folder_fallen_back_to_is_removed_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    code = "from fusegrad.kernels import cache; print(cache.folder())"
    place = said(start(code, FUSEGRAD_CACHE=str(tmp_path / "taken")))
    assert "fusegrad-" in place and not Path(place).exists()


@pytest.mark.parametrize("case", UNWRITABLE)
def test_an_unwritable_cache_folder_falls_back(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("FUSEGRAD_CACHE", str(UNWRITABLE[case](tmp_path / "taken")))
    cache.folder.cache_clear()
    try:
        found = cache.folder()
        assert found.is_dir() and found.name.startswith("fusegrad-")
        assert cache.folder() == found  # one for the whole process
        assert cache.load("one", "y = 1").y == 1
    finally:
        cache.folder.cache_clear()


# ---- imports and threads ------------------------------------------------------------------
@pytest.mark.parametrize("module", ["fusegrad", "fusegrad.kernels", "fusegrad.optim"])
def test_importing_starts_no_compiler(module: str) -> None:
    heavy = "sorted({'numba', 'llvmlite', 'cupy', 'mpmath'} & set(sys.modules))"
    assert said(start(f"import {module}; print({heavy})")) == "[]"
    small = f"lift(lambda x: x * x + x)(np.ones(1000)); print({heavy})"
    assert said(start(small)) == "[]"


LAYER = (
    "from fusegrad.kernels import threads; before = threads.layer(); "
    "lift(lambda x: x * x, reader='numba')(np.ones(100_000)); "
    "print(before, threads.layer(), threads.numba().threading_layer())"
)


def test_tbb_is_chosen_where_it_is_installed(folder: Path) -> None:
    layer = "tbb" if threads._open_tbb() else "workqueue"
    assert said(start(LAYER)) == f"not started {layer} {layer}"
    absent = "from fusegrad.kernels import threads; threads._open_tbb = lambda: False; "
    assert said(start(absent + LAYER)) == "not started workqueue workqueue"
    chosen = said(start(LAYER, NUMBA_THREADING_LAYER="workqueue"))
    assert chosen.split()[-1] == "workqueue"


def at_once(work: Callable[[int], Any], count: int = 8) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def test_kernels_run_from_several_threads_at_once_and_stay_silent() -> None:
    poles = lift(lambda x, *, a: a / x + x * x)  # inf, overflow and nan, none of which may warn
    x = np.array([0.0, 1e200, -np.inf, np.nan, 2.0])

    def work(k: int) -> list[Any]:
        return [(poles(x, a=k).tolist(), reduce.logsumexp(x[:3]).item()) for _ in range(50)]

    alone = [work(k) for k in range(8)]
    assert str(at_once(work)) == str(alone)  # str, since nan is not nan


@pytest.mark.skipif(not threads._open_tbb(), reason="only tbb takes launches from many threads")
def test_numba_kernels_run_from_several_threads_at_once() -> None:
    rule, n = RULES["adam"], 3 * on_numba.CHUNK
    tensors = [tuple(rule.points("float32", np.random.default_rng(1), n)) for _ in range(8)]
    at_once(lambda k: Update(adam, "numba")([tensors[k]], **rule.scalars))
    assert all(
        np.array_equal(a, b) for t in tensors for a, b in zip(t, tensors[0], strict=True)
    )
