"""Telling whether an array is still what it was."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from ..kernels import device


def fingerprint(x: Any) -> Any:
    """Shape, dtype and a hash of the values of an array; anything else as it is."""
    if not hasattr(x, "dtype"):
        return x
    values = np.ascontiguousarray(device.to_device(x, "cpu")).tobytes()
    return x.shape, x.dtype.str, hashlib.blake2b(values).digest()
