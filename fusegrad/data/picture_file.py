"""A picture file of any size and kind as the small colour picture that branches take."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from .array_file import read_array
from .file_error import FileError
from .png import decode
from .png_pixels import on_white

SIDE = 32  # pixels
FORMS = "(H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"


def read_picture(path: Path, name: str | None = None) -> np.ndarray:
    """A .png file, an .npy file, or, where Pillow is installed, any other kind; stretched to
    32 x 32 by area, in colour, what is transparent on white.

    An array holds whole numbers 0 to 255 (uint8), or floats from 0 to 1.
    Shapes: -> (32, 32, 3) uint8. Raises: FileError, which says which of these it is not.
    """
    name = path.name if name is None else name
    kind = path.suffix.lower()
    if kind == ".png":
        return small(decode(path.read_bytes(), name))
    return small(_from_array(path, name) if kind == ".npy" else _by_pillow(path, name))


def small(picture: np.ndarray) -> np.ndarray:
    """Stretched to 32 x 32, rounded. Shapes: (H, W, 3) uint8 -> (32, 32, 3) uint8."""
    return np.asarray(np.rint(resized(picture)).astype(np.uint8))


def resized(picture: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The mean of what each pixel of the new picture covers of the old one.

    Shapes: (..., H, W, C) -> (..., side, side, C) float64.
    """
    down, along = (shares(size, side) for size in picture.shape[-3:-1])
    rows = np.tensordot(picture, along, axes=(-2, 1))  # (..., H, C, side)
    return np.moveaxis(np.tensordot(rows, down, axes=(-3, 1)), (-1, -2), (-3, -2))


def shares(old: int, new: int) -> np.ndarray:
    """Which part of each new place lies on each old one; rows sum to 1. Shapes: (new, old).

    >>> shares(3, 2).round(3).tolist()
    [[0.667, 0.333, 0.0], [0.0, 0.333, 0.667]]
    """
    edges = np.arange(new + 1) * (old / new)
    places = np.arange(old)
    end = np.minimum(edges[1:, None], places + 1)
    begin = np.maximum(edges[:-1, None], places)
    return np.maximum(end - begin, 0) * (new / old)


def _from_array(path: Path, name: str) -> np.ndarray:
    found = read_array(path, name)
    shape = found.shape + (1,) * (3 - found.ndim)
    if found.ndim not in (2, 3) or shape[2] not in (1, 3, 4) or not found.size:
        raise FileError(name, f"a picture {FORMS}", str(found.shape), "reshape the array")
    if found.dtype.kind == "f":
        if not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1):
            raise FileError(name, "floats from 0 to 1", "others", "scale the array")
        found = np.rint(found * 255).astype(np.uint8)
    if found.dtype != np.uint8:
        repair = "convert it with astype(np.uint8)"
        raise FileError(name, "uint8, or floats from 0 to 1", str(found.dtype), repair)
    found = found.reshape(shape)
    if shape[2] == 4:
        return on_white(found[:, :, :3], found[:, :, 3:])
    return np.broadcast_to(found, (*shape[:2], 3))


def _by_pillow(path: Path, name: str) -> np.ndarray:
    try:
        image: Any = importlib.import_module("PIL.Image")
        turn: Any = importlib.import_module("PIL.ImageOps").exif_transpose
    except ImportError:
        got = path.suffix or "a name without an ending"
        repair = "pip install pillow, which reads other kinds, or save it as PNG"
        raise FileError(name, "a .png or .npy file", got, repair) from None
    try:
        with image.open(path) as opened:
            found = np.asarray(turn(opened).convert("RGBA"))
    except Exception:  # Pillow has a class of error for every way a file can be wrong
        repair = "save it again as PNG"
        raise FileError(name, "a picture that Pillow reads", "another file", repair) from None
    return on_white(found[:, :, :3], found[:, :, 3:])
