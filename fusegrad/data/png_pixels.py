"""Bytes of PNG rows to samples, and samples to colours."""

from __future__ import annotations

import numpy as np

AVERAGE = 3  # the first filter whose pixels depend on both the left and the upper one


def unfiltered(kinds: np.ndarray, raw: np.ndarray, size: int) -> np.ndarray:
    """Rows without their filters, which have added a guess of each byte: 0, the byte `size`
    before it, the byte above it, the mean of both, or Paeth's choice.

    Shapes: kinds (H,), raw (H, bytes) uint8 -> (H, bytes) uint8. Source: the PNG standard, 9.
    """
    return (_by_diagonals if (kinds >= AVERAGE).any() else _by_rows)(kinds, raw, size)


def _by_rows(kinds: np.ndarray, raw: np.ndarray, size: int) -> np.ndarray:
    out = raw.copy()
    for y, kind in enumerate(kinds):
        if kind == 1:
            pixels = out[y].reshape(-1, size)
            out[y] = np.cumsum(pixels, axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2 and y:
            out[y] += out[y - 1]
    return out


def _by_diagonals(kinds: np.ndarray, raw: np.ndarray, size: int) -> np.ndarray:
    """Pixels of one x + y need none of each other, so that each diagonal is one step."""
    height, width = len(raw), raw.shape[1] // size
    pixels, out = raw.reshape(-1, size), np.empty((height * width, size), np.uint8)
    step = max(width - 1, 1)  # from a pixel to the next of its diagonal
    chosen = (kinds == np.arange(1, 5)[:, None]).astype(np.int16)[:, :, None]
    # Three diagonals, by row, from place 1 on; what lies beyond the picture is never written.
    corners, before, here = np.zeros((3, height + 1, size), np.int16)
    for d in range(width + height - 1):
        low, high = max(0, d - width + 1), min(height, d + 1)
        first = d + low * (width - 1)
        places = slice(first, first + (high - low - 1) * step + 1, step)
        left, up, corner = before[low + 1 : high + 1], before[low:high], corners[low:high]
        guesses = (left, up, (left + up) >> 1, _paeth(left, up, corner))
        guess = sum(mask[low:high] * value for mask, value in zip(chosen, guesses, strict=True))
        here[low + 1 : high + 1] = (pixels[places] + guess) & 255
        out[places] = here[low + 1 : high + 1]
        corners, before, here = before, here, corners
    return out.reshape(height, -1)


def _paeth(left: np.ndarray, up: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """Of the three, the nearest to left + up - corner."""
    a, b = np.abs(up - corner), np.abs(left - corner)
    c = np.abs(left + up - 2 * corner)
    return np.where((a <= b) & (a <= c), left, np.where(b <= c, up, corner))


def samples(raw: np.ndarray, depth: int, count: int) -> np.ndarray:
    """Numbers of `depth` bits, the first `count` of a row. Shapes: -> (H, count) uint16."""
    if depth == 16:
        pairs = raw.reshape(len(raw), -1, 2).astype(np.uint16)
        return pairs[:, :, 0] << 8 | pairs[:, :, 1]
    if depth == 8:
        return raw.astype(np.uint16)
    bits = np.unpackbits(raw, axis=1).reshape(len(raw), -1, depth)
    return (bits @ (1 << np.arange(depth)[::-1])).astype(np.uint16)[:, :count]


def colours(
    found: np.ndarray,
    depth: int,
    palette: np.ndarray | None,
    transparent: bytes | None,
    channels: int,
) -> np.ndarray:
    """Samples as colours on white. `transparent` is the tRNS chunk: an alpha by palette
    number, or the one colour that is not seen. Shapes: -> (H, W, 3) uint8."""
    alpha: np.ndarray | None = None
    if palette is not None:
        seen = np.full(len(palette), 255, np.uint8)
        given = np.frombuffer(transparent or b"", np.uint8)[: len(seen)]
        seen[: len(given)] = given
        return on_white(palette[found[:, :, 0]], seen[found])
    if channels in (2, 4):
        found, alpha = found[:, :, :-1], _eight_bits(found[:, :, -1:], depth)
    elif transparent is not None and len(transparent) == 2 * channels:
        key = np.frombuffer(transparent, ">u2")
        alpha = np.where((found == key).all(axis=2, keepdims=True), 0, 255)
    rgb = np.broadcast_to(_eight_bits(found, depth), (*found.shape[:2], 3))
    return rgb if alpha is None else on_white(rgb, alpha)


def _eight_bits(values: np.ndarray, depth: int) -> np.ndarray:
    largest = (1 << depth) - 1
    scaled = (values.astype(np.uint32) * 255 + largest // 2) // largest
    return scaled.astype(np.uint8)


def on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """alpha rgb + (1 - alpha) white, rounded. Shapes: (H, W, 3), (H, W, 1), of 255 each."""
    share = alpha.astype(np.float64) / 255
    return np.asarray(np.rint(share * rgb + (1 - share) * 255).astype(np.uint8))
