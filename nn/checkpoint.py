"""States on disk, as safetensors: plain numbers, no code, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def save(state: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Write a state atomically: a crash leaves the old file or the new one, never half."""
    from safetensors.numpy import save as encode

    path = Path(path)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(encode({k: np.ascontiguousarray(v) for k, v in state.items()}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def load(path: str | Path) -> dict[str, np.ndarray]:
    """The state that `save` wrote."""
    from safetensors.numpy import load_file

    return load_file(path)
