"""A .wav file of any length and rate as the small log-mel picture that branches take."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from ..multimodal.encoder import hann, mel_filters
from .file_error import FileError
from .picture_file import SIDE, shares

RATE = 16_000  # Hz; what is above 8 kHz is not heard
FRAME, HOP, BINS = 400, 160, 512  # samples: 25 ms, 10 ms
LOWEST = 60.0  # Hz
RANGE = 80.0  # dB below the loudest that still show
SILENCE = 1e-10
SAVE = "save it as WAV of 16 bits"


def read_sound(path: Path, name: str | None = None) -> np.ndarray:
    """The log-mel picture of a .wav file.

    Shapes: -> (32 bands, 32 moments) uint8. Raises: FileError for no such file.
    """
    return log_mel(*read_wav(path, name))


def read_wav(path: Path, name: str | None = None) -> tuple[np.ndarray, int]:
    """Samples from -1 to 1, the mean of the channels, and how many there are a second.

    Whole numbers of 8, 16, 24 or 32 bits, without compression.
    Shapes: -> (N,) float64. Raises: FileError for another file, and for one that is cut off.
    """
    name = path.name if name is None else name
    try:
        with wave.open(str(path), "rb") as file:
            channels, size, rate, frames = file.getparams()[:4]
            content = file.readframes(frames)
    except OSError:
        raise
    except Exception as error:  # a damaged header may fail anywhere in its reader
        got = str(error) or "one that is cut off"
        raise FileError(name, "a WAV file of whole numbers", got, SAVE) from None
    if not frames or len(content) != frames * size * channels or not 1 <= size <= 4:
        got = f"{len(content)} bytes for {frames} of {8 * size} bits, {channels} channels"
        raise FileError(name, "a whole WAV file with sound in it", got, SAVE)
    if rate < 1000:
        raise FileError(name, "1,000 samples a second or more", str(rate), SAVE)
    return _numbers(content, size).reshape(-1, channels).mean(axis=1), rate


def _numbers(content: bytes, size: int) -> np.ndarray:
    """Whole numbers of so many bytes, little end first, as -1 to 1; one byte has no sign."""
    each = np.frombuffer(content, np.uint8).reshape(-1, size)
    padded = np.zeros((len(each), 4), np.uint8)
    padded[:, 4 - size :] = each ^ 0x80 if size == 1 else each
    return padded.view("<i4")[:, 0] / 2.0**31


def log_mel(samples: np.ndarray, rate: int) -> np.ndarray:
    """32 bands from 60 Hz to 8 kHz at 32 moments, which share all of the sound among them:
    decibels of the mean power, 0 at 80 below the loudest, 255 at the loudest.

    Power is of frames of 25 ms, every 10 ms, in a Hann window, of the sound at 16 kHz.
    Silence alone is 255 everywhere. Shapes: samples (N,) -> (32, 32) uint8.
    Differs: `log_mel_image` looks at 32 single frames of a sound, this one at all of it.
    """
    heard = resampled(samples, rate)
    count = 1 + max(-(-(len(heard) - FRAME) // HOP), 0)
    whole = np.zeros((count - 1) * HOP + FRAME)
    whole[: len(heard)] = heard
    cut = np.lib.stride_tricks.sliding_window_view(whole, FRAME)[::HOP]
    power = np.abs(np.fft.rfft(cut * hann(FRAME), BINS)) ** 2
    bands = mel_filters(SIDE, BINS, RATE, LOWEST) @ power.T @ shares(count, SIDE).T
    decibels = 10 * np.log10(bands + SILENCE)
    shown = (decibels - decibels.max() + RANGE) / RANGE * 255
    return np.asarray(np.clip(shown, 0, 255).astype(np.uint8))


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    """The sound at 16 kHz, by its Fourier coefficients. Shapes: (N,) -> (N 16000 / rate,)."""
    if rate == RATE:
        return samples
    count = max(round(len(samples) * RATE / rate), 1)
    waves = np.fft.rfft(samples)[: count // 2 + 1]
    return np.fft.irfft(waves, count) * (count / len(samples))
