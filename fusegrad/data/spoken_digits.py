"""Spoken digits from a user's folder: the Free Spoken Digit Dataset as it is published."""

from __future__ import annotations

import re
import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..kernels.errors import OptionError
from ..multimodal.encoder import log_mel_image

RATE = 8000  # samples a second
ARCHIVE = "fsdd_wav8k.npz"
NAME = re.compile(r"([0-9])_([^_]+)_([0-9]+)\.wav")
REPAIR = (
    "get the Free Spoken Digit Dataset (FSDD), and name its folder by folder=... or "
    "FUSEGRAD_DATA"
)


class SpokenDigits(NamedTuple):
    """Recordings as log-mel pictures.

    Shapes: logmel (N, 32, 32) uint8, digit (N,) uint8, speaker (N,) uint8, an index into
    speakers.
    """

    logmel: np.ndarray
    digit: np.ndarray
    speaker: np.ndarray
    speakers: list[str]


def read_spoken_digits(folder: Path) -> SpokenDigits:
    """All recordings in a folder: `recordings/{digit}_{speaker}_{take}.wav`, the same files in
    the folder itself, or the archive fsdd_wav8k.npz (samples int16 end to end, indptr, digit,
    speaker, speakers).

    Raises: OptionError for a folder without them, and for a recording of another form.
    """
    if (folder / ARCHIVE).is_file():
        return _archived(folder / ARCHIVE)
    paths = sorted([*folder.glob("recordings/*.wav"), *folder.glob("*.wav")])
    found = [(path, name) for path in paths if (name := NAME.fullmatch(path.name))]
    if not found:
        expected = f"recordings/DIGIT_SPEAKER_TAKE.wav or {ARCHIVE} in {folder}"
        raise OptionError("av_digits", expected, "neither", REPAIR)
    speakers = sorted({name[2] for _, name in found})
    return SpokenDigits(
        np.stack([log_mel_image(samples(path)) for path, _ in found]),
        np.array([int(name[1]) for _, name in found], np.uint8),
        np.array([speakers.index(name[2]) for _, name in found], np.uint8),
        speakers,
    )


def samples(path: Path) -> np.ndarray:
    """A wav file of 16 bits at 8 kHz, one channel. Shapes: -> (N,) float64, from -1 to 1.

    Raises: OptionError for another form.
    """
    try:
        with wave.open(str(path), "rb") as file:
            form = file.getframerate(), 8 * file.getsampwidth(), file.getnchannels()
            content, frames = file.readframes(file.getnframes()), file.getnframes()
    except OSError:
        raise
    except Exception as error:  # a damaged header may fail anywhere in its reader
        raise _bad(path, str(error) or "half a file") from error
    if form != (RATE, 16, 1) or not content or len(content) != 2 * frames:
        raise _bad(
            path, f"{form[0]} Hz, {form[1]} bits, {form[2]} channels, {len(content)} bytes"
        )
    return np.frombuffer(content, "<i2") / 32768


def _bad(path: Path, got: str) -> OptionError:
    expected = f"sound at {RATE} Hz, 16 bits, 1 channel in {path.name}"
    return OptionError("av_digits", expected, got, "convert it, or take it out of the folder")


def _archived(path: Path) -> SpokenDigits:
    with np.load(path, allow_pickle=False) as arrays:
        sound, indptr = arrays["samples"], arrays["indptr"]
        digit, speaker = arrays["digit"], arrays["speaker"]
        names = [str(name) for name in arrays["speakers"]]
    parts = np.split(sound, indptr[1:-1])
    return SpokenDigits(
        np.stack([log_mel_image(x / 32768) for x in parts]), digit, speaker, names
    )
