"""What computed: machine, versions and commit; no name of a host, a user or a folder."""

from __future__ import annotations

import ctypes
import datetime
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fusegrad import __version__
from fusegrad.kernels.device import cupy

from .case import Floor
from .child import Child, FailedError
from .pinned import cores
from .pressure import source

PACKAGES = (
    *("numpy", "scipy", "numba", "llvmlite", "tbb", "torch", "jax", "jaxlib", "optax"),
    *("autograd", "mygrad", "tinygrad", "tensorflow", "keras"),
    *("cupy-cuda12x", "cupy-cuda13x"),
)
FLAGS = ("avx2", "fma", "avx512f", "avx512bw", "avx512_bf16", "amx_bf16", "asimd", "sve")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
ROOT = Path(__file__).resolve().parents[1]
LIMIT = 120.0  # seconds for the anchors of one number of threads
SAME = ("cpu", "cores", "flags", "caches", "system", "gpu")  # what another machine differs in


def machine(device: str = "cpu") -> dict[str, Any]:
    """The facts, by name; with those of the GPU where that computes."""
    facts = _cpuinfo()
    return {
        **({} if device == "cpu" else gpu()),
        "cpu": facts.get("model name") or platform.processor() or platform.machine(),
        "cores": cores(),
        "flags": [flag for flag in FLAGS if flag in _flags(facts)],
        "caches": _caches(),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "kernel": platform.release(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "fusegrad": __version__,
        "packages": _versions(),
        "blas": _blas(),
        "commit": commit(),
        "busy": source(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def gpu() -> dict[str, Any]:
    """What the GPU is called, how new it is, its memory, and the driver's CUDA."""
    cuda = cupy().cuda
    facts = cuda.runtime.getDeviceProperties(0)
    return {
        "gpu": facts["name"].decode(),
        "compute capability": cuda.Device(0).compute_capability,
        "gpu memory": int(facts["totalGlobalMem"]),
        "cuda driver": cuda.runtime.driverGetVersion(),
    }


def anchors(threads: Sequence[int], device: str = "cpu") -> dict[str, dict[str, float]]:
    """The measured limits by number of threads; none where measuring them failed."""
    found = {}
    for count in threads:
        with Child(f"{__package__}.anchors", count, count, device) as child:
            try:
                found[str(count)] = child.answer(LIMIT)
            except FailedError:
                continue
    return found


def floor_seconds(floor: Floor | None, limits: Mapping[str, float] | None) -> float | None:
    """What bytes and flops take at least, at the best bandwidth and rate seen here."""
    if not floor or not limits:
        return None
    moving = floor.bytes / max(limits["copy"], limits["in place"])
    return max(moving, floor.flops / limits["sgemm"]) or None


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """In what two machines differ that times depend on."""
    return [name for name in SAME if one.get(name) != other.get(name)]


def commit() -> str | None:
    """The commit of the checkout, and whether files were changed; None outside of one."""
    if not (ROOT / ".git").exists():
        return None
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return f"{head} with changes" if _git("status", "--porcelain") else head
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _cpuinfo() -> dict[str, str]:
    """Of the first core, on Linux."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _flags(facts: Mapping[str, str]) -> list[str]:
    return (facts.get("flags") or facts.get("Features") or "").split()


def _caches() -> dict[str, str]:
    """Sizes of the caches that hold data, as L1, L2 and L3, on Linux."""
    found = {}
    for index in sorted(CACHES.glob("index*")):
        try:
            kind, level, size = (
                (index / name).read_text(encoding="ascii").strip()
                for name in ("type", "level", "size")
            )
        except OSError:
            continue
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found


def _memory() -> int | None:
    """Bytes."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _blas() -> str:
    """What NumPy multiplies matrices with, as it was built."""
    import numpy as np

    built: Any = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {})
    words = (blas.get("name"), blas.get("version"), _openblas_core(Path(np.__file__).parent))
    return " ".join(str(word) for word in words if word and word != "unknown")


def _openblas_core(package: Path) -> str:
    """The kind of core that the OpenBLAS of NumPy's wheel chose its code for, if it tells."""
    folders = (package.with_name("numpy.libs"), package / ".dylibs")
    for path in (p for folder in folders for p in folder.glob("*openblas*")):
        try:
            ask = ctypes.CDLL(str(path)).scipy_openblas_get_corename64_
        except (OSError, AttributeError):
            continue
        ask.restype = ctypes.c_char_p
        return f"for {ask().decode()}"
    return ""
