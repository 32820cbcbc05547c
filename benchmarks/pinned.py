"""The environment of a worker: how many threads a library may use, before it is imported."""

from __future__ import annotations

import os
import sys
import sysconfig

# NPROC is what XLA's pool of the CPU asks; the others are named for who reads them.
COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "FUSEGRAD_THREADS",
    "NPROC",
)
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def pinned(threads: int) -> dict[str, str]:
    """What a worker starts with: the counts, the CPU for JAX, and modules found where we do."""
    found = {**os.environ, **dict.fromkeys(COUNTS, str(threads))}
    found |= {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
    if threads == 1:
        found["XLA_FLAGS"] = " ".join(filter(None, (os.environ.get("XLA_FLAGS"), ONE_THREAD)))
    found["PYTHONPATH"] = os.pathsep.join(_added())
    return found


def _added() -> list[str]:
    """The folders we find modules in that Python would not look into by itself."""
    known = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    entries = [os.path.abspath(entry) for entry in sys.path]
    inside = ("lib-dynload", ".zip")
    return [entry for entry in entries if entry not in known and not entry.endswith(inside)]


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
