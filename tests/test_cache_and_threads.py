"""What depends on the machine: the cache of compiled source, other processes, and threads."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad import optim
from fusegrad.kernels import OptionError, Update, lift, on_numba, rows, threads
from fusegrad.optim.adam import adam
from tests.readers_sample import RULES

ROOT = Path(__file__).resolve().parents[1]
CUBE = "lift(lambda x: x * x * x, 'cube', reader='numba')(np.array([1.0, 2.0])).tolist()"


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


# ---- other processes ------------------------------------------------------------------------
KEPT = (
    "; from fusegrad.kernels.compiled import COMPILED, READY; print(len(COMPILED), len(READY))"
)


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    first, second = (
        said(start(f"print({CUBE}){KEPT}", FUSEGRAD_CACHE=str(tmp_path))) for _ in range(2)
    )
    assert first.splitlines() == ["[1.0, 8.0]", "1 0"]
    assert second.splitlines() == ["[1.0, 8.0]", "0 1"]


LARGE = (
    "import fusegrad as fg; x = fg.Tensor(np.full((300, 400), 2.0)); y = fg.gelu(x).sum(); "
    "z = fg.softmax(x).sum(); print(round(float(y.numpy())), round(float(z.numpy())), "
)


def test_processes_that_compile_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    racing = [start(f"{LARGE}{CUBE})", FUSEGRAD_CACHE=str(tmp_path)) for _ in range(4)]
    assert [said(p) for p in racing] == ["234540 300 [1.0, 8.0]"] * 4
    assert {path.suffix for path in tmp_path.iterdir()} == {".compiled"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no files")
def test_files_that_may_not_grow_are_not_kept(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "
    assert said(start(f"{limit}print({CUBE})", FUSEGRAD_CACHE=str(tmp_path))) == "[1.0, 8.0]"
    assert list(tmp_path.iterdir()) == []


# ---- imports and threads ------------------------------------------------------------------
@pytest.mark.parametrize("module", ["fusegrad", "fusegrad.kernels", "fusegrad.optim"])
def test_importing_starts_no_compiler(module: str) -> None:
    heavy = "sorted({'numba', 'llvmlite', 'cupy', 'mpmath'} & set(sys.modules))"
    assert said(start(f"import {module}; print({heavy})")) == "[]"
    small = f"lift(lambda x: x * x + x)(np.ones(1000)); print({heavy})"
    assert said(start(small)) == "[]"


def test_the_rules_of_other_libraries_are_read_on_first_use() -> None:
    seen = "print('fusegrad.optim.dialects' in sys.modules)"
    use = "optim.dialect('adam', 'keras'); assert optim.DIALECTS and optim.dialects.LIBRARIES"
    both = said(start(f"from fusegrad import optim; {seen}; {use}; {seen}"))
    assert both.split() == ["False", "True"]
    with pytest.raises(AttributeError, match=r"^module 'fusegrad.optim' has no attribute"):
        optim.adma  # noqa: B018


LAYER = (
    "from fusegrad.kernels import threads; before = threads.layer(); "
    "lift(lambda x: x * x, reader='numba')(np.ones(100_000)); "
    "print(before, threads.layer(), threads.numba().threading_layer())"
)


def test_tbb_is_chosen_where_it_is_installed() -> None:
    layer = "tbb" if threads._open_tbb() else "workqueue"
    assert said(start(LAYER)) == f"not started {layer} {layer}"
    absent = "from fusegrad.kernels import threads; threads._open_tbb = lambda: False; "
    assert said(start(absent + LAYER)) == "not started workqueue workqueue"
    chosen = said(start(LAYER, NUMBA_THREADING_LAYER="workqueue"))
    assert chosen.split()[-1] == "workqueue"


COUNT = (
    "from fusegrad.kernels import threads; n = threads.numba(); print(n.get_num_threads(), "
    "max(lift(lambda x: x * x, reader='numba')(np.ones(100_000))))"
)
FREE = {"NUMBA_NUM_THREADS": "", "OMP_NUM_THREADS": "", "FUSEGRAD_THREADS": ""}


@pytest.mark.parametrize(
    ("name", "text"), [("FUSEGRAD_THREADS", "1"), ("OMP_NUM_THREADS", "1,2")]
)
def test_threads_are_as_many_as_asked_for(name: str, text: str) -> None:
    assert said(start(COUNT, **{**FREE, name: text})) == "1 1.0"


def test_numba_that_runs_already_is_held_back_in_this_thread() -> None:
    free = {"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "", "FUSEGRAD_THREADS": "1"}
    before = "import numba; numba.get_num_threads(); "
    assert said(start(before + COUNT, **free)) == "1 1.0"


LIMITS: list[tuple[dict[str, str], int]] = [
    ({}, 8),
    ({"FUSEGRAD_THREADS": "3"}, 3),
    ({"FUSEGRAD_THREADS": " 3 "}, 3),
    ({"FUSEGRAD_THREADS": "100000000000000000000"}, 8),
    ({"NUMBA_NUM_THREADS": "4"}, 4),
    ({"OMP_NUM_THREADS": "4,2"}, 4),
    ({"OMP_NUM_THREADS": "0"}, 1),
    ({"OMP_NUM_THREADS": "many"}, 8),
    ({"FUSEGRAD_THREADS": "3", "OMP_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "5"}, 2),
]


@pytest.mark.parametrize(("environment", "count"), LIMITS)
def test_the_smallest_limit_holds(
    environment: dict[str, str], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_cores", lambda: 8)
    for name, value in {**FREE, **environment}.items():
        monkeypatch.setenv(name, value)
    assert threads.limit() == count


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "1e1", "\u0662"])
def test_what_is_no_count_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEGRAD_THREADS", text)
    with pytest.raises(OptionError, match=r"^FUSEGRAD_THREADS: expected a number from 1 up"):
        threads.limit()


def test_the_cores_of_this_process_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5, 9}, raising=False)
    assert threads._cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads._cores() == 1


def at_once(work: Callable[[int], Any], count: int = 8) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def test_kernels_run_from_several_threads_at_once_and_stay_silent() -> None:
    poles = lift(lambda x, *, a: a / x + x * x)  # inf, overflow and nan, none of which may warn
    x = np.array([0.0, 1e200, -np.inf, np.nan, 2.0])

    def work(k: int) -> list[Any]:
        return [(poles(x, a=k).tolist(), rows.logsumexp(x[:3]).item()) for _ in range(50)]

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
