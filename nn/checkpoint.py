"""States on disk, as safetensors: plain numbers, no code, whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..kernels import DTypeError, OptionError


def save(state: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Write a state atomically: a crash leaves the old file or the new one, never half.

    Raises: DTypeError for what is no state of numbers, OptionError where no file can be
    written.
    """
    from safetensors.numpy import save as encode

    if not isinstance(state, Mapping):
        got = type(state).__name__
        raise DTypeError("save", "a state, arrays by name", got, "pass net.state_dict()")
    path, arrays = Path(path), {name: _numbers(name, x) for name, x in state.items()}
    file = _beside(path)
    try:
        with file:
            file.write(encode(arrays))
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise


def _numbers(name: Any, value: Any) -> np.ndarray:
    if not isinstance(name, str):
        raise DTypeError("save", "texts as names", repr(name), "pass net.state_dict()")
    array = np.asarray(value, order="C")
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"save: {name}", "numbers", f"dtype {array.dtype}", "leave it out")
    return array


def _beside(path: Path) -> BinaryIO:
    """A new file in the folder of the target: only there is a replacement atomic. Not one of
    `tempfile`, which nobody else may read."""
    if path.is_dir():
        raise OptionError("save", "a file", f"the folder {path}", "name a file in it")
    try:
        return path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp").open("xb")
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

    if Path(path).is_dir():
        raise OptionError("load", "a file", f"the folder {path}", "name a file in it")
    try:
        return load_file(path)
    except SafetensorError as error:
        repair = "give a file that nn.save wrote"
        raise OptionError("load", "a safetensors file", str(path), repair) from error
