"""`fusegrad info` and `fusegrad data`: what is here."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ..data import SETS
from ..experiments import environment
from ..kernels import BackendError, cache, pool
from ..kernels.device import cupy
from ..kernels.threads import layer, numba


def info(as_json: bool) -> None:
    """Versions, backends, threads, memory and the folder of compiled code."""
    stored = cache.entries()
    facts = {
        **environment(),
        "threads": numba().get_num_threads(),
        "threading layer": layer(),
        "cuda": _cuda(),
        "idle memory kept": f"at most {pool.limit() / 1e6:,.0f} MB",
        "kernel cache": str(cache.folder()),
        "compiled kernels": f"{len(stored):,}, {sum(stored.values()) / 1e6:.1f} MB",
        "cache can be written": "yes" if cache.is_writable() else "no: set FUSEGRAD_CACHE",
    }
    _print(as_json, facts, [{"what": k, "value": str(v)} for k, v in facts.items()])


def data(as_json: bool) -> None:
    """Each embedded set with its size and licence."""
    rows = [
        {"name": s.name, "what": s.what, "licence": s.licence, "bytes": s.size}
        for s in SETS.values()
    ]
    _print(as_json, rows, [{**row, "bytes": f"{row['bytes']:,}"} for row in rows])


def _cuda() -> str:
    if importlib.util.find_spec("cupy") is None:
        return "no CuPy"
    try:
        name = cupy().cuda.runtime.getDeviceProperties(0)["name"]
        return str(name.decode())
    except BackendError as error:
        return str(error)


def _print(as_json: bool, whole: object, rows: Sequence[Mapping[str, Any]]) -> None:
    if as_json:
        print(json.dumps(whole))
        return
    made = Table(show_header=len(rows[0]) > 2)
    for column in rows[0]:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*row.values())
    Console().print(made)
