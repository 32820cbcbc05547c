"""PNG files of every form, written byte by byte as the standard says, to be read back."""

from __future__ import annotations

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
STARTS = ((0, 0), (4, 0), (0, 4), (2, 0), (0, 2), (1, 0), (0, 1))  # x, y of Adam7
STEPS = ((8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2))


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    )


def head(width: int, height: int, depth: int = 8, colour: int = 2, *rest: int) -> bytes:
    return chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, *(rest or (0, 0, 0)))
    )


def png(
    x: np.ndarray,
    depth: int = 8,
    colour: int = 2,
    filters: tuple[int, ...] = (0,),
    interlaced: bool = False,
    extra: bytes = b"",
) -> bytes:
    """The file of samples (H, W, C); row y of a pass has filter filters[y % len]."""
    if interlaced:
        parts = [x[b::v, a::h] for (a, b), (h, v) in zip(STARTS, STEPS, strict=True)]
        content = b"".join(rows(part, depth, filters) for part in parts if part.size)
    else:
        content = rows(x, depth, filters)
    first = head(x.shape[1], x.shape[0], depth, colour, 0, 0, int(interlaced))
    end = chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND")
    return SIGNATURE + first + extra + end


def rows(x: np.ndarray, depth: int, filters: tuple[int, ...]) -> bytes:
    size = max(depth * x.shape[2] // 8, 1)
    out, above = b"", None
    for y, line in enumerate(x):
        raw = packed(line.reshape(-1), depth)
        above = above or bytes(len(raw))
        kind = filters[y % len(filters)]
        out += bytes([kind]) + bytes(
            (raw[i] - guess(kind, raw, above, i, size)) % 256 for i in range(len(raw))
        )
        above = raw
    return out


def packed(values: np.ndarray, depth: int) -> bytes:
    if depth == 16:
        return values.astype(">u2").tobytes()
    if depth == 8:
        return values.astype(np.uint8).tobytes()
    bits = "".join(f"{int(v):0{depth}b}" for v in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def guess(kind: int, raw: bytes, above: bytes, i: int, size: int) -> int:
    left = raw[i - size] if i >= size else 0
    up, corner = above[i], above[i - size] if i >= size else 0
    nearest = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
    return (0, left, up, (left + up) // 2, nearest)[kind]
