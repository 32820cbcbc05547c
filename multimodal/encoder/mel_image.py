"""Sounds as pictures: the log-mel spectrogram that the sound sets of this project come in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels import ShapeError
from ...nn.applied import floats
from .mel import mel_filters
from .windows import hann

SIZE = 32  # bands, and frames
FRAME = 256  # samples
LOWEST = 60.0  # Hz
RANGE = 80.0  # dB below the loudest that still show
SILENCE = 1e-10


def log_mel_image(samples: Any, sample_rate: float = 8000) -> np.ndarray:
    """clip((L + 80) / 80 255, 0, 255) with L = 10 log10(P F^T + 1e-10) less its largest, cut
    down to whole numbers: a sound of any length in 32 frames and 32 bands.

    P is the power of frames of 256 samples in a symmetric Hann window, F `mel_filters` from
    60 Hz up. Frames begin every max(1, ceil((length - 256) / 31)) samples, so that 32 of them
    show all of a sound; zeros fill the last. Silence alone is 255 everywhere.
    Shapes: samples (L,) in [-1, 1], as floats -> (32 bands, 32 frames) uint8. Units: Hz.
    Raises: ShapeError for no sound, or more than one; DTypeError for no floats.
    Differs: from `LogMel`, it is no Module, has no gradient, and stretches time.

    >>> low = np.sin(2 * np.pi * 500 * np.arange(4000) / 8000)
    >>> picture = log_mel_image(low)
    >>> picture.shape, picture.dtype, int(picture[:, 16].argmax())
    ((32, 32), dtype('uint8'), 7)
    """
    sound = np.asarray(floats("log_mel_image", samples), np.float64)
    if sound.ndim != 1 or not sound.size:
        repair = "give one sound at a time"
        raise ShapeError("log_mel_image", "samples (L,)", str(sound.shape), repair)
    hop = max(1, -(-max(len(sound) - FRAME, 1) // (SIZE - 1)))
    whole = np.zeros((SIZE - 1) * hop + FRAME)
    whole[: len(sound)] = sound
    cut = np.lib.stride_tricks.sliding_window_view(whole, FRAME)[::hop]
    power = np.abs(np.fft.rfft(cut * hann(FRAME, periodic=False))) ** 2
    bands = power @ mel_filters(SIZE, FRAME, sample_rate, LOWEST).T
    decibels = 10 * np.log10(bands + SILENCE)
    shown = (decibels - decibels.max() + RANGE) / RANGE * 255
    return np.asarray(np.clip(shown, 0, 255).astype(np.uint8).T)
