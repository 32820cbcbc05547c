"""States on disk, as safetensors: plain numbers, no code, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..kernels import DTypeError, OptionError


def save(state: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Write a state atomically: a crash leaves the old file or the new one, never half.

    Raises: DTypeError for what is no state, OptionError where no file can be written.
    """
    from safetensors.numpy import save as encode

    if not isinstance(state, Mapping):
        got = type(state).__name__
        raise DTypeError("save", "a state, arrays by name", got, "pass net.state_dict()")
    path = Path(path)
    handle, partial = _beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(encode({k: np.asarray(v, order="C") for k, v in state.items()}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def _beside(path: Path) -> tuple[int, str]:
    """A temporary file in the folder of the target: only there is a replacement atomic."""
    if path.is_dir():
        raise OptionError("save", "a file", f"the folder {path}", "name a file in it")
    try:
        return tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    except OSError as error:  # it names the temporary file, which nobody asked for
        got = f"{path.parent} ({error.strerror})"
        repair = "make the folder, or choose another"
        raise OptionError("save", "a folder to write in", got, repair) from error


def load(path: str | Path) -> dict[str, np.ndarray]:
    """The state that `save` wrote.

    Raises: OptionError for a file of another kind, FileNotFoundError where there is none.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        repair = "give a file that nn.save wrote"
        raise OptionError("load", "a safetensors file", str(path), repair) from error
