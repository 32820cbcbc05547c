"""The PNG reader: every form against a writer of its own, Pillow, and files that are not whole.

Source: the PNG standard (ISO/IEC 15948).
"""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest

from fusegrad.data.png import CHANNELS, DEPTHS, SIGNATURE, decode
from fusegrad.kernels import OptionError
from fusegrad.lens.png import encode
from tests.png_sample import chunk, head, png

FORMS = [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]
RNG = np.random.default_rng(0)
MIXED = (4, 3, 2, 1, 0)
PALETTE = RNG.integers(0, 256, (256, 3), dtype=np.uint8)


def expected(x: np.ndarray, colour: int, depth: int) -> np.ndarray:
    """The colours on white, in exact fractions rounded once for each step."""
    if colour == 3:
        return PALETTE[x[:, :, 0]]
    eight = np.floor(x * 255 / (2**depth - 1) + 0.5)
    alpha = eight[:, :, -1:] / 255 if colour in (4, 6) else 1.0
    rgb = eight[:, :, :3] if colour in (2, 6) else eight[:, :, :1]
    on_white = np.rint(alpha * rgb + (1 - alpha) * 255)
    return np.broadcast_to(on_white, (*x.shape[:2], 3)).astype(np.uint8)


def drawn(height: int, width: int, colour: int, depth: int) -> np.ndarray:
    return RNG.integers(0, 2**depth, (height, width, CHANNELS[colour]))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "depth"), FORMS)
def test_every_form_is_read_exactly(colour: int, depth: int, interlaced: bool) -> None:
    entries = chunk(b"PLTE", PALETTE[: 2**depth].tobytes()) if colour == 3 else b""
    for height, width in ((1, 1), (5, 3), (9, 13)):
        x = drawn(height, width, colour, depth)
        content = png(x, depth, colour, MIXED, interlaced, entries)
        assert np.array_equal(decode(content), expected(x, colour, depth))


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("smooth", [False, True])
def test_every_filter_is_undone(kind: int, smooth: bool) -> None:
    x = drawn(12, 7, 2, 8)
    if smooth:  # where the choices of Paeth are often equal
        x = (np.arange(12)[:, None, None] * 3 + np.arange(7)[:, None] + np.arange(3)) % 256
    found = decode(png(x, filters=(kind,)))
    assert found.dtype == np.uint8 and np.array_equal(found, x)
    assert np.array_equal(decode(png(x, filters=(kind, 0, 2))), x)


def test_what_the_report_writes_is_read_back() -> None:
    x = drawn(32, 32, 2, 8).astype(np.uint8)
    assert np.array_equal(decode(encode(x)), x)


def test_transparent_colours_are_white() -> None:
    entries = chunk(b"PLTE", bytes([10, 20, 30, 0, 0, 0])) + chunk(b"tRNS", bytes([0]))
    assert decode(png(np.array([[[0], [1]]]), 8, 3, extra=entries)).tolist() == [
        [[255] * 3, [0] * 3]
    ]
    key = chunk(b"tRNS", bytes([0, 7]))
    assert decode(png(np.array([[[7], [8]]]), 8, 0, extra=key)).tolist() == [
        [[255] * 3, [8] * 3]
    ]
    key = chunk(b"tRNS", bytes([0, 1, 0, 2, 0, 3]))
    found = decode(png(np.array([[[1, 2, 3], [1, 2, 4]]]), extra=key))
    assert found.tolist() == [[[255] * 3, [1, 2, 4]]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_equals_pillow(mode: str) -> None:
    image = pytest.importorskip("PIL.Image")
    drawing = image.effect_mandelbrot((45, 31), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    made, file = drawing.convert(mode), io.BytesIO()
    made.save(file, "PNG")
    assert np.array_equal(decode(file.getvalue()), np.asarray(made.convert("RGB")))


WHOLE = png(drawn(4, 4, 2, 8))
AT = WHOLE.index(b"IDAT")
BAD = [
    (b"GIF89a", "a PNG file, got another kind of file"),
    (SIGNATURE, "a whole PNG file, got one that is cut off"),
    (WHOLE[:-20], "a whole PNG file, got one that is cut off"),
    (
        WHOLE[: AT + 6] + bytes([WHOLE[AT + 6] ^ 1]) + WHOLE[AT + 7 :],
        "true check sums, got a wrong one in 'IDAT'",
    ),
    (SIGNATURE + chunk(b"ABCD") + WHOLE[8:], "parts that PNG defines, got 'ABCD'"),
    (SIGNATURE + chunk(b"IEND"), "13 bytes of 'IHDR' at the start, got 0 of 'IEND'"),
    (SIGNATURE + head(0, 4) + WHOLE[33:], "1 to 16,777,216 pixels, got 0 x 4"),
    (SIGNATURE + head(99999, 99999) + WHOLE[33:], "pixels, got 99999 x 99999; make it smaller"),
    (SIGNATURE + head(4, 4, 3) + WHOLE[33:], "a form that PNG defines, got depth 3, colour 2"),
    (SIGNATURE + head(4, 4, 8, 5) + WHOLE[33:], "a form that PNG defines, got depth 8, colour"),
    (SIGNATURE + head(4, 4, 8, 2, 0, 0, 2) + WHOLE[33:], "a form that PNG defines"),
    (SIGNATURE + head(4, 5) + WHOLE[33:], "65 bytes of pixels, got 52, cut off"),
    (SIGNATURE + head(4, 3) + WHOLE[33:], "39 bytes of pixels, got more"),
    (
        SIGNATURE + head(4, 4) + chunk(b"IDAT", b"abc") + chunk(b"IEND"),
        "pixels packed by zlib, got damaged ones",
    ),
    (
        SIGNATURE + head(1, 1) + chunk(b"IDAT", zlib.compress(b"\x05abc")) + chunk(b"IEND"),
        "filters 0 to 4, got 5",
    ),
    (png(drawn(2, 2, 3, 8), 8, 3), "a palette with every colour used, got 0 for colour"),
    (
        png(np.array([[[2]]]), 8, 3, extra=chunk(b"PLTE", bytes(6))),
        "a palette with every colour used, got 2 for colour 2",
    ),
]


@pytest.mark.parametrize(("content", "text"), BAD)
def test_a_file_that_is_not_whole_is_refused(content: bytes, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        decode(content, "x.png")
    assert str(caught.value).startswith("x.png: expected ") and text in str(caught.value)


def test_no_damage_of_one_byte_or_one_cut_gets_through_or_ends_otherwise() -> None:
    for k in range(len(WHOLE)):
        damaged = WHOLE[:k] + bytes([WHOLE[k] ^ 0x55]) + WHOLE[k + 1 :]
        for content in (damaged, WHOLE[:k]):
            with pytest.raises(OptionError):
                decode(content)
