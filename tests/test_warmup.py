"""`fusegrad warmup`: what it compiles is what large work then finds ready."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fusegrad.cli import warm_work, warmup
from fusegrad.cli.main import main
from fusegrad.kernels import cache, compiled, threads
from tests.cache_sample import cache_folder

ROOT = Path(__file__).resolve().parents[1]
folder = cache_folder
GELU = ("--only", "op gelu", "--dtype", "float32")
LARGE = (
    "import numpy as np, fusegrad as fg; from fusegrad.kernels import compiled; "
    "x = fg.Tensor(np.ones((300, 500), np.float32), requires_grad=True); "
    "y = fg.gelu(x); y.backward(np.ones_like(y.numpy())); "
    "print(len(compiled.COMPILED), len(compiled.READY) > 0)"
)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Another Python; its cache folder is the one of this process."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def warm(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "fusegrad", "warmup", *arguments, **environment)


def test_what_is_warm_is_found_by_the_next_process(folder: Path) -> None:
    first = warm(*GELU)
    assert first.returncode == 0, first.stderr
    count = int(first.stdout.split()[1])
    assert first.stdout.startswith(f"compiled {count} kernels, found 0; ")
    assert first.stdout.endswith(f" MB in {folder}\n")
    assert first.stderr == "" and first.stdout.count("\n") == 1
    assert python("-W", "error", "-c", LARGE).stdout == "0 True\n"
    again = warm(*GELU)
    assert again.stdout.startswith(f"all {count} are ready; ")
    victim = next(name for name in cache.entries() if name.startswith("gelu_"))
    (folder / f"{victim}.compiled").write_bytes(b"damaged")
    mended = warm(*GELU)
    assert mended.stdout.startswith(f"compiled 1 kernels, found {count - 1}; ")
    assert {path.suffix for path in folder.iterdir()} == {".compiled"}


def test_clearing_says_what_went(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cache.write("one", b"x" * 100_000) and cache.write("two", b"")
    (folder / "mine.txt").write_text("mine")
    assert warmup.warmup(warmup.Warmup(clear=True)) == 0
    assert capsys.readouterr().out == f"2 entries removed, 0.1 MB, from {folder}\n"
    assert os.listdir(folder) == ["mine.txt"]


WRONG: list[tuple[tuple[str, ...], dict[str, str], str]] = [
    (
        ("--only", "nothing of that name"),
        {},
        "--only: expected part of a name, such as gelu, layer or optimizer Adam, got 'nothing",
    ),
    (("--workers", "-1"), {}, "--workers: expected a number from 0 up, got -1; leave it out"),
    (
        GELU,
        {"FUSEGRAD_CACHE": str(Path(__file__))},
        "warmup: expected a cache folder to write to, got ",
    ),
    (
        GELU,
        {"FUSEGRAD_THREADS": "many"},
        "FUSEGRAD_THREADS: expected a number from 1 up, got 'many'; try 1",
    ),
]


@pytest.mark.parametrize(("arguments", "environment", "text"), WRONG)
def test_wrong_use_is_one_line_and_status_2(
    arguments: tuple[str, ...],
    environment: dict[str, str],
    text: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        main(["warmup", *arguments])
    out, err = capsys.readouterr()
    assert end.value.code == 2 and out == ""
    assert err.startswith(f"fusegrad: {text}") and err.count("\n") == 1


def fails(T: Any) -> None:
    raise ZeroDivisionError("no\nmore")


def compiles(T: Any) -> None:
    """One function, anew each time: those of a job may be compiled in this process already."""
    text = "from numba import njit\n\n\n@njit\ndef twice(x):\n    return x + x\n"
    assert compiled.compile_source("twice", text).twice(T(1)) == 2


def test_a_part_that_fails_is_named_and_the_rest_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = {"op fine": compiles, "op bad": fails}
    monkeypatch.setattr(warm_work, "jobs", lambda: work)
    monkeypatch.setattr(warmup, "_run", lambda jobs, _: [warm_work.run(*j, 1) for j in jobs])
    monkeypatch.setenv("FUSEGRAD_THREADS", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert warmup.warmup(warmup.Warmup(dtype="float64")) == 1
    said = capsys.readouterr()
    assert said.err == "fusegrad: op bad float64: ZeroDivisionError: no more\n"
    assert said.out.startswith("compiled 1 kernels, found 0; ")


EVERY_LOOP = """
import glob, os, sys
import numpy as np
from fusegrad.cli.warm_work import jobs
from fusegrad.engine.row import ROWS
from fusegrad.kernels import compiled, threads

numba = threads.numba()
for name, work in jobs().items():
    is_one_of_many = name.startswith("optimizer") and name != "optimizer Adam"
    if name.removeprefix("op ") not in ROWS and not is_one_of_many:
        for count in sorted({1, numba.get_num_threads()}):
            numba.set_num_threads(count)
            work(np.float32)
for path in glob.glob(sys.argv[1]):
    file = os.path.basename(path).removesuffix(".py")
    for name, function in vars(compiled.loops(file)).items():
        if isinstance(getattr(function, "_cache", None), compiled.Kept):
            print("" if function.overloads else f"{file}.{name}", end=" ")
"""


@pytest.mark.slow
@pytest.mark.skipif(threads._cores() < 2, reason="one core runs no loops of several threads")
def test_every_loop_is_run_by_a_job(folder: Path) -> None:
    """A function of `kernels/loops/` that no job reaches would be waited for."""
    two = dict.fromkeys(("FUSEGRAD_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "2")
    done = python("-c", EVERY_LOOP, str(ROOT / "kernels" / "loops" / "[!_]*.py"), **two)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
