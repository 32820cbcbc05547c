"""Files that lie about themselves are refused in one line, or read without harm."""

from __future__ import annotations

import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest

from fusegrad.data import read_folder
from fusegrad.data.png import decode
from fusegrad.data.sound_file import read_wav
from fusegrad.data.spoken_digits import samples
from fusegrad.kernels import OptionError
from tests.png_sample import SIGNATURE, chunk, head, png

TALL = 5_000
FEW_BYTES = 32 << 20
DAMAGE = {
    "chunk too long": (16, 0xFF, "a WAV file of whole numbers", "sound at 8000 Hz"),
    "more than there is": (41, 0xFF, "a whole WAV file", "sound at 8000 Hz"),
}


@pytest.mark.parametrize("shape", [(TALL, 1), (1, TALL), (3, 700), (700, 3)])
def test_thin_pictures_take_memory_for_their_pixels(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(256, size=(*shape, 3), dtype=np.uint8)
    content = png(x, filters=(4, 3, 1, 2, 0))
    tracemalloc.start()
    found = decode(content)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(found, x) and most < FEW_BYTES


def test_sides_have_an_end() -> None:
    content = SIGNATURE + head(1, 70_000) + chunk(b"IDAT") + chunk(b"IEND")
    with pytest.raises(OptionError, match="sides of up to 65,536 pixels, got 1 x 70000; cut"):
        decode(content)


def sound(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.arange(400, dtype="<i2").tobytes())
    return path


@pytest.mark.parametrize("kind", DAMAGE)
def test_headers_of_sounds_that_lie(kind: str, tmp_path: Path) -> None:
    place, byte, as_own, as_digit = DAMAGE[kind]
    path = sound(tmp_path / "0_a_0.wav")
    content = bytearray(path.read_bytes())
    content[place] = byte
    path.write_bytes(content)
    with pytest.raises(OptionError, match=as_own):
        read_wav(path)
    with pytest.raises(OptionError, match=as_digit):
        samples(path)


def test_half_a_sample_is_refused(tmp_path: Path) -> None:
    path = sound(tmp_path / "0_a_0.wav")
    path.write_bytes(path.read_bytes()[:-101])
    with pytest.raises(OptionError, match="699 bytes"):
        samples(path)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    for read in (read_wav, samples):
        with pytest.raises(OSError, match="no_such"):
            read(tmp_path / "no_such.wav")


def test_too_many_labels(tmp_path: Path) -> None:
    rows = "".join(f"c{k % 1001},{k}\n" for k in range(2002))
    (tmp_path / "rows.csv").write_text("label,n\n" + rows)
    with pytest.raises(OptionError, match="label: expected 1,000 labels at most, got 1,001; g"):
        read_folder(tmp_path)
