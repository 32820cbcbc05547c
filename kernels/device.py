"""Which machine an array lives on, and what is missing where a backend is."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

import numpy as np

from .errors import BackendError, OptionError

DEVICES = ("cpu", "cuda")


def is_cuda(x: Any) -> bool:
    """Whether x is a CuPy array, without importing CuPy."""
    return type(x).__module__.partition(".")[0] == "cupy"


def module_of(*arrays: Any) -> ModuleType:
    """The array module of the arrays: cupy where one is CuPy's, else numpy."""
    return sys.modules["cupy"] if any(map(is_cuda, arrays)) else np


def cupy() -> ModuleType:
    """CuPy with a GPU that answers.

    Raises: BackendError, which says whether CuPy, the GPU or the compiler is missing.
    """
    if importlib.util.find_spec("cupy") is None:
        raise BackendError(
            "device cuda",
            "CuPy to be installed",
            "no module cupy",
            "pip install 'fusegrad[cuda13]' or 'fusegrad[cuda12]'",
        )
    module = importlib.import_module("cupy")
    try:
        found = module.cuda.runtime.getDeviceCount()
    except module.cuda.runtime.CUDARuntimeError as error:
        raise BackendError(
            "device cuda", "a GPU with its driver", str(error), "run with device cpu"
        ) from error
    if not found:
        raise BackendError("device cuda", "a GPU", "none", "run with device cpu")
    _demand_compiler(module)
    return module


def _demand_compiler(module: ModuleType) -> None:
    try:
        module.cuda.nvrtc.getVersion()
    except (ImportError, OSError, RuntimeError) as error:
        expected, repair = "NVRTC, which compiles kernels", "pip install nvidia-cuda-nvrtc"
        raise BackendError("device cuda", expected, str(error), repair) from error


def module_for(device: str) -> ModuleType:
    """The array module of a device's name.

    Raises: OptionError for an unknown name, BackendError where the device is missing.
    """
    if device not in DEVICES:
        raise OptionError(
            "device", f"one of {', '.join(DEVICES)}", repr(device), "choose one of these"
        )
    return np if device == "cpu" else cupy()


def to_device(x: Any, device: str) -> Any:
    """The array on a device; the same array where it is there already."""
    module = module_for(device)
    if module is np:
        return x.get() if is_cuda(x) else np.asarray(x)
    return module.asarray(x)


def device_of(x: Any) -> str:
    """`cpu` or `cuda`."""
    return "cuda" if is_cuda(x) else "cpu"
