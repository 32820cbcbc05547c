"""Sounds as pictures: the recipe to the bit, and what it shows."""

from __future__ import annotations

import hashlib
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import DTypeError, FusegradError, ShapeError
from fusegrad.multimodal import encoder as en

ROOT = Path(__file__).resolve().parents[1]
RATE = 8000
# The log-mel pictures of 3,000 spoken digits, one after the other, by other code.
PICTURES = "c40e4e1d0baee8078a575d778a9e8a8e650e1c0546c7455b0e57237c56ad47bd"


def test_a_tone_lies_in_its_band_and_time_is_stretched() -> None:
    for length in (10, 256, 300, 4000, 30000):
        tone = np.sin(2 * np.pi * 1000 * np.arange(length) / RATE)
        picture = en.log_mel_image(tone)
        assert picture.shape == (32, 32) and picture.dtype == np.uint8
    points = en.mel_to_hz(np.linspace(en.hz_to_mel(60.0), en.hz_to_mel(4000.0), 34))
    assert np.all(np.abs(points[picture.argmax(axis=0) + 1] - 1000) < 70)
    assert np.all(en.log_mel_image(np.zeros(500)) == 255)


def test_pictures_of_spoken_digits_are_those_of_other_code() -> None:
    folder = Path(os.environ.get("FUSEGRAD_FULL_DATA", ROOT.parent / "shared/data/full"))
    path = folder / "fsdd_wav8k.npz"
    if not path.is_file():
        pytest.skip(f"FUSEGRAD_FULL_DATA names no folder with {path.name}")
    with np.load(path, allow_pickle=False) as file:
        samples, ends = file["samples"] / 32768, file["indptr"]
    digest = hashlib.sha256()
    for first, last in pairwise(ends):
        digest.update(en.log_mel_image(samples[first:last]).tobytes())
    assert len(ends) == 3001 and digest.hexdigest() == PICTURES


REFUSED: list[tuple[Any, type[FusegradError], str]] = [
    (lambda: en.log_mel_image(np.zeros((2, 300))), ShapeError, r"samples \(L,\)"),
    (lambda: en.log_mel_image(np.zeros(0)), ShapeError, "one sound at a time"),
    (lambda: en.log_mel_image(np.zeros(300, np.int16)), DTypeError, "x of floats"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_not_so_is_refused(call: Any, error: type[FusegradError], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
