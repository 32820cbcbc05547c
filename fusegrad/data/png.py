"""PNG files to pixels, strictly: every length and every check sum; with zlib alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .file_error import FileError
from .png_pixels import colours, samples, unfiltered

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # grey, RGB, palette, grey + alpha, RGBA
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
KNOWN = (b"IHDR", b"PLTE", b"IDAT", b"IEND")  # what a reader must understand
PALETTE = 3
MOST = 1 << 24  # pixels
LONGEST = 1 << 16  # pixels of a side
# Passes of an interlaced file: first column, first row, and the steps of both.
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
WHOLE = ((0, 0, 1, 1),)
SAVE = "save it again as PNG"


@dataclass(frozen=True)
class Head:
    """What a file says of itself. Units: pixels, bits a sample."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def passes(self) -> Iterator[tuple[slice, slice, int, int]]:
        """Which rows and columns each pass fills, and how many; passes of none are left out."""
        for x, y, dx, dy in ADAM7 if self.interlaced else WHOLE:
            wide, high = -(-(self.width - x) // dx), -(-(self.height - y) // dy)
            if wide > 0 and high > 0:
                yield slice(y, None, dy), slice(x, None, dx), high, wide

    def stride(self, wide: int) -> int:
        """Bytes of a row of so many pixels, without the number of its filter."""
        return -(-wide * CHANNELS[self.colour] * self.depth // 8)


def decode(content: bytes, name: str = "PNG") -> np.ndarray:
    """The pixels of a PNG file; what is transparent is put on white.

    All colour types and depths, interlaced or not. 16 bits are rounded to 8. Colour profiles
    and gamma are not applied. Shapes: -> (height, width, 3) uint8.
    Raises: FileError for a file that is not whole, not true to its check sums, larger than 2^24
    pixels, or with a side over 2^16.
    """
    parts = _parts(content, name)
    head = _head(*parts[0], name)
    packed = b"".join(body for kind, body in parts if kind == b"IDAT")
    found = _pixels(head, packed, name)
    named = dict(parts)
    palette = _palette(named.get(b"PLTE"), found, name) if head.colour == PALETTE else None
    return colours(found, head.depth, palette, named.get(b"tRNS"), CHANNELS[head.colour])


def _parts(content: bytes, name: str) -> list[tuple[bytes, bytes]]:
    """The chunks, from IHDR to IEND."""
    if not content.startswith(SIGNATURE):
        raise FileError(name, "a PNG file", "another kind of file", SAVE)
    found: list[tuple[bytes, bytes]] = []
    at = len(SIGNATURE)
    while not found or found[-1][0] != b"IEND":
        size = int.from_bytes(content[at : at + 4], "big")
        kind, end = content[at + 4 : at + 8], at + 8 + size
        if end + 4 > len(content):
            raise FileError(name, "a whole PNG file", "one that is cut off", SAVE)
        body, check = content[at + 8 : end], content[end : end + 4]
        shown = kind.decode("ascii", "replace")
        if zlib.crc32(kind + body) != int.from_bytes(check, "big"):
            raise FileError(name, "true check sums", f"a wrong one in {shown!r}", SAVE)
        if kind[:1].isupper() and kind not in KNOWN:
            raise FileError(name, "parts that PNG defines", repr(shown), SAVE)
        found.append((kind, body))
        at = end + 4
    return found


def _head(kind: bytes, first: bytes, name: str) -> Head:
    """What the first chunk says, which must be IHDR."""
    if kind != b"IHDR" or len(first) != 13:
        got = f"{len(first)} of {kind.decode('ascii', 'replace')!r}"
        raise FileError(name, "13 bytes of 'IHDR' at the start", got, SAVE)
    width, height, depth, colour, packing, filters, interlaced = struct.unpack(
        ">IIBBBBB", first
    )
    if not 0 < width * height <= MOST:
        repair = "make it smaller: pictures are shrunk to 32 x 32 anyway"
        raise FileError(name, f"1 to {MOST:,} pixels", f"{width} x {height}", repair)
    if max(width, height) > LONGEST:
        rule = f"sides of up to {LONGEST:,} pixels"
        raise FileError(name, rule, f"{width} x {height}", "cut it to a part")
    if depth not in DEPTHS.get(colour, ()) or packing or filters or interlaced > 1:
        got = f"depth {depth}, colour {colour}, {packing}, {filters}, {interlaced}"
        raise FileError(name, "a form that PNG defines", got, SAVE)
    return Head(width, height, depth, colour, bool(interlaced))


def _pixels(head: Head, packed: bytes, name: str) -> np.ndarray:
    """Samples as they are stored. Shapes: -> (height, width, channels) uint16."""
    depth, channels = head.depth, CHANNELS[head.colour]
    size = sum(high * (head.stride(wide) + 1) for _, _, high, wide in head.passes)
    content = np.frombuffer(_unpacked(packed, size, name), np.uint8)
    found = np.zeros((head.height, head.width, channels), np.uint16)
    for down, along, high, wide in head.passes:
        used = high * (head.stride(wide) + 1)
        lines, content = content[:used].reshape(high, -1), content[used:]
        if lines[:, 0].max() > 4:
            raise FileError(name, "filters 0 to 4", str(lines[:, 0].max()), SAVE)
        raw = unfiltered(lines[:, 0], lines[:, 1:], max(depth * channels // 8, 1))
        found[down, along] = samples(raw, depth, wide * channels).reshape(high, wide, -1)
    return found


def _unpacked(packed: bytes, size: int, name: str) -> bytes:
    """Exactly so many bytes, however many there are."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(packed, size + 1)
    except zlib.error:
        raise FileError(name, "pixels packed by zlib", "damaged ones", SAVE) from None
    if len(content) != size or not inflater.eof:
        got = "more" if len(content) > size else f"{len(content)}, cut off"
        raise FileError(name, f"{size} bytes of pixels", got, SAVE)
    return content


def _palette(entries: bytes | None, found: np.ndarray, name: str) -> np.ndarray:
    """Colours by number. Shapes: -> (colours, 3) uint8."""
    count = len(entries or b"") // 3
    if not entries or len(entries) % 3 or found.max() >= count:
        got = f"{count} for colour {found.max()}"
        raise FileError(name, "a palette with every colour used", got, SAVE)
    return np.frombuffer(entries, np.uint8).reshape(-1, 3)
