"""Independent jobs, one after the other or in processes of their own, with equal results."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Protocol

Job = tuple[Any, ...]


class Each(Protocol):
    """Calls a function with the arguments of every job; gives the results in their order."""

    def __call__(self, function: Callable[..., Any], jobs: Sequence[Job]) -> list[Any]: ...


def serially(function: Callable[..., Any], jobs: Sequence[Job]) -> list[Any]:
    """One after the other, in this process."""
    return [function(*job) for job in jobs]


def in_processes(
    workers: int, tick: Callable[[int, int], None] = lambda done, of: None
) -> Each:
    """In as many processes, with one BLAS thread each; `tick(done, of)` after every job. The
    program that calls this must be guarded by `if __name__ == "__main__"`. Where it is stopped,
    by Ctrl-C or any error, or killed, its processes end at once."""

    def each(function: Callable[..., Any], jobs: Sequence[Job]) -> list[Any]:
        spawn = multiprocessing.get_context("spawn")
        theirs, line = spawn.Pipe(duplex=False)
        size = min(workers, len(jobs))
        pool = ProcessPoolExecutor(size, spawn, _begin, (theirs,))
        with _one_thread(), theirs, line, pool:
            try:
                return _results(pool, function, jobs, tick)
            except BaseException:
                line.close()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    return each


def _results(
    pool: ProcessPoolExecutor,
    function: Callable[..., Any],
    jobs: Sequence[Job],
    tick: Callable[[int, int], None],
) -> list[Any]:
    with _ctrl_c_waits():
        futures = [pool.submit(function, *job) for job in jobs]
    for done, future in enumerate(as_completed(futures), 1):
        future.result()
        tick(done, len(jobs))
    return [future.result() for future in futures]


def _begin(line: Connection) -> None:
    """First thing in a worker: Ctrl-C is for the parent, whose end of the line is watched."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()


def _end_with(line: Connection) -> None:
    line.poll(None)  # nothing is ever sent: it has been closed
    os._exit(1)


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """What is started in this block never hears Ctrl-C; this process does, after it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """What is started in this block multiplies matrices on one core: small ones are faster."""
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
