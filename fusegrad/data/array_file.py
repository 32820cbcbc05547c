"""One array of numbers from an .npy file; nothing in it is ever run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .file_error import FileError


def read_array(path: Path, name: str | None = None) -> np.ndarray:
    """Numbers, or truth values as 0 and 1, from an .npy file.

    Raises: FileError for another file, and for an array of objects, words or complex numbers.
    """
    name = path.name if name is None else name
    save = "save it again with np.save, as numbers"
    try:
        found = np.load(path, allow_pickle=False)
    except Exception as error:  # a damaged header may fail anywhere in NumPy's reader
        got = "objects" if "Object arrays" in str(error) else "another or a damaged file"
        raise FileError(name, "an .npy file of numbers", got, save) from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        got = str(found.dtype) if isinstance(found, np.ndarray) else "an .npz archive"
        raise FileError(name, "an .npy file of numbers", got, save)
    return found.astype(np.uint8) if found.dtype.kind == "b" else found
