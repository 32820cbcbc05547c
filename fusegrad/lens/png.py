"""An RGB array as PNG bytes and as a data URI."""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode(picture: NDArray[np.uint8]) -> bytes:
    """PNG bytes of a picture. Shapes: (height, width, 3) uint8. Raises: ValueError."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        got = f"{picture.shape} {picture.dtype}"
        raise ValueError(
            f"encode: expected a (height, width, 3) uint8 picture, got {got}; "
            "scale to 0..255 and call .astype(np.uint8)"
        )
    height, width, _ = picture.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    # Every PNG row starts with its filter number; 0 keeps the row as it is.
    rows = b"".join(b"\x00" + row.tobytes() for row in picture)
    packed = zlib.compress(rows, 9)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def data_uri(picture: NDArray[np.uint8]) -> str:
    """The picture inside a data: address, which an offline page may show."""
    return "data:image/png;base64," + base64.b64encode(encode(picture)).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
