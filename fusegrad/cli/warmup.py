"""`fusegrad warmup`: compile ahead what large work would otherwise wait for."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..kernels import BackendError, OptionError, cache, compiled, threads
from .progress import ticks

DTYPES = ("float32", "float64")
SOURCES = ("kernels", "engine", "nn", "optim")


@dataclass(frozen=True)
class Warmup:
    """Compile into the cache folder everything that work on large arrays would otherwise wait
    for; exit status 1 where a part of it failed."""

    only: str = ""
    """Part of the names of what to compile, such as `gelu`, `layer` or `optimizer Adam`."""
    dtype: Literal["both", "float32", "float64"] = "both"
    """Of the arrays."""
    workers: int = 0
    """Processes to share the work among; 0 takes one for each core."""
    clear: bool = False
    """Empty the cache folder instead; files that are not fusegrad's stay."""


def warmup(command: Warmup) -> int:
    """Compile, or clear; returns the exit status."""
    if command.clear:
        return _clear()
    began, jobs = time.perf_counter(), _jobs(command)
    if command.workers < 0:
        raise OptionError("--workers", "a number from 0 up", command.workers, "leave it out")
    if not cache.is_writable():
        repair = "set FUSEGRAD_CACHE to a folder of yours"
        raise BackendError("warmup", "a cache folder to write to", str(cache.folder()), repair)
    known, record = _known()
    missing = [job for job in jobs if not _is_ready(known.get(" ".join(job)))]
    results = _run(missing, command.workers) if missing else []
    for job, result in zip(missing, results):
        if not result["error"]:
            known[" ".join(job)] = sorted({*result["compiled"], *result["ready"]})
    cache.write(record, json.dumps(known).encode())
    needed = {name for job in jobs for name in known.get(" ".join(job), ())}
    _tell(needed, {name for r in results for name in r["compiled"]}, began)
    return _complain(missing, results)


def _jobs(command: Warmup) -> list[tuple[str, str]]:
    """(job, dtype) of all that is asked for. Raises: OptionError where that is nothing."""
    from .warm_work import jobs

    dtypes = DTYPES if command.dtype == "both" else (command.dtype,)
    names = [name for name in jobs() if command.only.lower() in name.lower()]
    if not names:
        expected = "part of a name, such as gelu, layer or optimizer Adam"
        raise OptionError("--only", expected, repr(command.only), "leave it out for all")
    return [(name, dtype) for name in names for dtype in dtypes]


def _run(missing: list[tuple[str, str]], workers: int) -> list[dict[str, Any]]:
    from ..experiments.workers import in_processes
    from .warm_work import run

    count = threads.limit()
    with ticks("compiling") as tick:
        each = in_processes(workers or count, tick)
        return each(run, [(*job, count) for job in missing])


def _known() -> tuple[dict[str, list[str]], str]:
    """Which entries each job needs, and the name of the entry that says so: another one for
    other source, and wherever compiled code would be another."""
    threads.numba()
    from numba.core.registry import cpu_target

    made_by = compiled.made_by(cpu_target.target_context.codegen())
    roots = [Path(compiled.__file__).resolve().parents[1] / name for name in SOURCES]
    texts = [path.read_bytes() for root in roots for path in sorted(root.rglob("*.py"))]
    key = hashlib.sha256(b"".join([*texts, f"{made_by} {threads.limit()}".encode()]))
    name = f"warmup-{key.hexdigest()[:16]}"
    content = cache.read(name)
    return json.loads(content) if content else {}, name


def _is_ready(entries: list[str] | None) -> bool:
    return entries is not None and all([cache.read(name) is not None for name in entries])


def _tell(needed: set[str], new: set[str], began: float) -> None:
    """One line of what was done."""
    sizes, seconds = cache.entries(), time.perf_counter() - began
    found, size = len(needed - new), sum(sizes.get(name, 0) for name in needed | new)
    done = f"all {found:,} are ready"
    if new:
        done = f"compiled {len(new):,} kernels, found {found:,}"
    print(f"{done}; {seconds:.1f} s; {_megabytes(size)} in {cache.folder()}")


def _complain(missing: list[tuple[str, str]], results: list[dict[str, Any]]) -> int:
    """One line for each job that failed; returns the exit status."""
    failed = [(job, result["error"]) for job, result in zip(missing, results)]
    failed = [(job, error) for job, error in failed if error]
    for job, error in failed:
        print(f"fusegrad: {' '.join(job)}: {' '.join(error.split())}", file=sys.stderr)
    return int(bool(failed))


def _clear() -> int:
    size, count = sum(cache.entries().values()), cache.clear()
    print(f"{count:,} entries removed, {_megabytes(size)}, from {cache.folder()}")
    return 0


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
