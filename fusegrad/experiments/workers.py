"""Independent jobs, one after the other or in processes of their own, with equal results."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
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
    program that calls this must be guarded by `if __name__ == "__main__"`."""

    def each(function: Callable[..., Any], jobs: Sequence[Job]) -> list[Any]:
        spawn = multiprocessing.get_context("spawn")
        with _one_thread(), ProcessPoolExecutor(min(workers, len(jobs)), spawn) as pool:
            futures = [pool.submit(function, *job) for job in jobs]
            try:
                for done, future in enumerate(as_completed(futures), 1):
                    future.result()
                    tick(done, len(jobs))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            return [future.result() for future in futures]

    return each


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
