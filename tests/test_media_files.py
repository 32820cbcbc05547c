"""One file of a row: pictures resized by area, arrays, sounds as log-mel pictures."""

from __future__ import annotations

import io
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from fusegrad.data.array_file import read_array
from fusegrad.data.picture_file import read_picture, resized, shares
from fusegrad.data.sound_file import RATE, log_mel, read_sound, read_wav, resampled
from fusegrad.kernels import OptionError
from fusegrad.lens.png import encode
from fusegrad.multimodal.encoder import mel_filters
from tests.folder_sample import tone, write_wav

EXACT = 1e-12
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("old", "new"), [(5, 5), (8, 4), (7, 3), (2, 5), (1, 32), (97, 32)])
def test_shares_are_the_overlaps(old: int, new: int) -> None:
    found = shares(old, new)
    fine = np.repeat(np.arange(old), new).reshape(new, old)  # both cut each into the same bits
    counted = np.stack([np.bincount(bits, minlength=old) for bits in fine]) / old
    np.testing.assert_allclose(found, counted, atol=EXACT)


def test_a_picture_is_the_mean_of_what_each_pixel_covers() -> None:
    x = RNG.random((6, 9, 3))
    found = resized(x, 3)
    by_hand = x.reshape(3, 2, 3, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(found, by_hand, atol=EXACT)
    assert np.array_equal(resized(x[None], 3)[0], found)
    np.testing.assert_allclose(resized(np.full((5, 7, 3), 9.0)), 9.0, atol=EXACT)


def test_a_png_of_the_final_size_is_as_it_was(tmp_path: Path) -> None:
    x = RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    (tmp_path / "a.PNG").write_bytes(encode(x))
    assert np.array_equal(read_picture(tmp_path / "a.PNG"), x)


@pytest.mark.parametrize("shape", [(32, 32), (32, 32, 1), (32, 32, 3), (32, 32, 4)])
def test_a_picture_may_be_an_array(shape: tuple[int, ...], tmp_path: Path) -> None:
    x = RNG.integers(0, 256, shape, dtype=np.uint8)
    np.save(tmp_path / "whole.npy", x)
    np.save(tmp_path / "floats.npy", (x / 255).astype(np.float32))
    found = read_picture(tmp_path / "whole.npy")
    assert np.array_equal(found, read_picture(tmp_path / "floats.npy"))
    if shape[-1] == 4:
        part = x[:, :, 3:] / 255
        x = np.rint(part * x[:, :, :3] + (1 - part) * 255).astype(np.uint8)
    assert np.array_equal(found, np.broadcast_to(x.reshape(32, 32, -1), (32, 32, 3)))


BAD_ARRAYS = [
    (np.zeros(3), r"a picture \(H, W\), .* got \(3,\); reshape the array"),
    (np.zeros((2, 2, 2)), r"got \(2, 2, 2\); reshape"),
    (np.zeros((0, 2)), r"got \(0, 2\); reshape"),
    (np.full((2, 2), 1.5), "floats from 0 to 1, got others; scale the array"),
    (np.full((2, 2), np.nan), "floats from 0 to 1, got others; scale the array"),
    (np.zeros((2, 2), np.int64), "uint8, or floats from 0 to 1, got int64; convert it with"),
    (np.array([["a"]]), "an .npy file of numbers, got <U1; save it again with np.save, as num"),
    (np.array([[None]]), "an .npy file of numbers, got objects; save it again"),
]


@pytest.mark.parametrize(("x", "text"), BAD_ARRAYS)
def test_an_array_that_is_no_picture_is_refused(
    x: np.ndarray, text: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(OptionError, match=f"x.npy: expected .*{text}"):
        read_picture(tmp_path / "x.npy")


def test_another_or_damaged_file_is_no_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.zeros(2))
    (tmp_path / "x.npz").rename(tmp_path / "x.npy")
    with pytest.raises(OptionError, match=r"numbers, got an \.npz archive; save it again"):
        read_array(tmp_path / "x.npy")
    file = io.BytesIO()
    np.save(file, np.arange(4.0))
    for k in range(len(file.getvalue())):
        (tmp_path / "y.npy").write_bytes(file.getvalue()[:k])
        with pytest.raises(OptionError, match="numbers, got another or a damaged file"):
            read_array(tmp_path / "y.npy", "y.npy")
    np.save(tmp_path / "z.npy", np.array([True, False]))
    assert read_array(tmp_path / "z.npy").tolist() == [1, 0]


def test_other_kinds_need_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    for name, got in (("x.jpg", ".jpg"), ("x", "a name without an ending")):
        with pytest.raises(OptionError) as caught:
            read_picture(tmp_path / name)
        assert f"expected a .png or .npy file, got {got}; pip install pillow" in str(
            caught.value
        )


def test_what_pillow_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError("cannot identify image file")

    parts = {name: types.ModuleType(name) for name in ("PIL", "PIL.Image", "PIL.ImageOps")}
    parts["PIL.Image"].open = refuse  # type: ignore[attr-defined]
    parts["PIL.ImageOps"].exif_transpose = None  # type: ignore[attr-defined]
    for name, module in parts.items():
        monkeypatch.setitem(sys.modules, name, module)
    text = r"y\.jpg: expected a picture that Pillow reads, got another file; save it again as"
    with pytest.raises(OptionError, match=text):
        read_picture(tmp_path / "y.jpg")


def test_pillow_reads_what_it_can(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    x = RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    image.fromarray(x).save(tmp_path / "x.bmp")
    assert np.array_equal(read_picture(tmp_path / "x.bmp"), x)
    (tmp_path / "y.jpg").write_bytes(b"no picture")
    with pytest.raises(
        OptionError, match=r"y\.jpg: expected a picture that Pillow reads, got an"
    ):
        read_picture(tmp_path / "y.jpg")


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_are_what_was_written(size: int, channels: int, tmp_path: Path) -> None:
    x = np.linspace(-1, 1, 300)
    write_wav(tmp_path / "x.wav", x, 12_000, channels, size)
    found, rate = read_wav(tmp_path / "x.wav")
    assert rate == 12_000 and found.shape == (300,)
    np.testing.assert_allclose(found, x, atol=2.0 ** (1 - 8 * size) * 1.5)


BAD_SOUNDS = [
    (b"", "a WAV file of whole numbers, got one that is cut off; save it as WAV of 16 bits"),
    (b"RIFF\x04\0\0\0WAVX", "a WAV file of whole numbers, got not a WAVE file"),
    ("floats", "a WAV file of whole numbers, got unknown format: 3"),
    ("silent", "a whole WAV file with sound in it, got 0 bytes for 0 of 16 bits, 1 channels"),
    ("cut", "a whole WAV file with sound in it, got 3956 bytes for 2000 of 16 bits, 1 chan"),
    ("slow", "1,000 samples a second or more, got 500; save it as WAV"),
]


@pytest.mark.parametrize(("content", "text"), BAD_SOUNDS)
def test_a_file_that_is_no_sound_is_refused(
    content: str | bytes, text: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.wav"
    write_wav(
        path,
        tone(400)[: 0 if content == "silent" else None],
        500 if content == "slow" else 8000,
    )
    whole = bytearray(path.read_bytes())
    if content == "floats":
        whole[20] = 3
    path.write_bytes(content if isinstance(content, bytes) else whole)
    if content == "cut":
        path.write_bytes(whole[:4000])
    with pytest.raises(OptionError) as caught:
        read_sound(path)
    assert str(caught.value).startswith(f"x.wav: expected {text}")


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_and_loudness_at_any_rate(rate: int) -> None:
    x = tone(440, rate, 0.4)
    np.testing.assert_allclose(resampled(x, rate), tone(440, RATE, 0.4), atol=0.02)
    assert np.array_equal(resampled(x, RATE), x)
    middles = mel_filters(32, 512, RATE, 60.0).argmax(axis=1) * RATE / 512
    picture = log_mel(x, rate)
    assert picture.shape == (32, 32) and picture.dtype == np.uint8
    assert picture[:, 16].argmax() == np.abs(middles - 440).argmin()


@pytest.mark.parametrize("seconds", [0.3, 6.0])
def test_all_of_a_sound_is_seen_however_long(seconds: float) -> None:
    """A click of one sample, which frames with gaps between them would miss."""
    x = np.zeros(round(seconds * RATE))
    x[len(x) * 5 // 8] = 1.0
    loud = log_mel(x, RATE).astype(int).max(axis=0)
    assert loud.max() > 200 and abs(int(loud.argmax()) - 20) <= 1


def test_the_shortest_sound_and_silence_are_pictures() -> None:
    assert log_mel(np.ones(1), RATE).shape == (32, 32)
    assert log_mel(np.ones(1), 48_000).shape == (32, 32)
    assert (log_mel(np.zeros(4000), RATE) == 255).all()


def test_equal_power_in_every_moment_is_equal_in_the_picture() -> None:
    steady = log_mel(tone(1000, RATE, 2.0), RATE).astype(int)
    assert np.ptp(steady[steady[:, 16].argmax()]) <= 1  # but for the zeros that fill the end
