"""Folders of a user's own data, small, as the tests need them."""

from __future__ import annotations

import csv
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fusegrad.lens.png import encode

WORDS = {"circle": "round smooth ring", "square": "edges corners box"}
ROWS = 40


def write_rows(folder: Path, *lines: Sequence[object]) -> Path:
    """rows.csv, the header first; gives the folder."""
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return folder


def write_png(path: Path, value: int = 0, side: int = 8) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encode(np.full((side, side, 3), value, np.uint8)))


def write_wav(
    path: Path, x: np.ndarray, rate: int = 8000, channels: int = 1, size: int = 2
) -> None:
    """Samples from -1 to 1, all channels alike, of so many bytes."""
    path.parent.mkdir(exist_ok=True)
    whole = np.rint(np.repeat(x, channels) * (2.0 ** (8 * size - 1) - 1)).astype("<i4")
    content = whole.view(np.uint8).reshape(-1, 4)[:, :size]
    content = content ^ 0x80 if size == 1 else content  # one byte has no sign
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(size)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(content).tobytes())


def tone(pitch: float, rate: int = 8000, seconds: float = 0.25) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(rate * seconds)) / rate)


def shapes(folder: Path, missing: bool = True) -> Path:
    """40 rows of two labels with every kind of modality, which all tell them apart; every
    fifth picture, every seventh text and every sixth sound is missing, and some numbers."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    labels = [("circle", "square")[k % 2] for k in range(ROWS)]
    lines: list[list[object]] = []
    for k, label in enumerate(labels):
        write_png(folder / f"pics/{k}.png", 200 if k % 2 else 50)
        write_wav(folder / f"sounds/{k}.wav", tone(400 + 900 * (k % 2)))
        image = "" if missing and k % 5 == 0 else f"pics/{k}.png"
        text = "" if missing and k % 7 == 0 else f"{WORDS[label]}, word{k}"
        audio = "" if missing and k % 6 == 0 else f"sounds/{k}.wav"
        size = "" if missing and k % 8 == 0 else f"{3 * (k % 2) + rng.standard_normal():.3f}"
        lines.append([label, f"row{k}", image, text, audio, size, ("red", "blue")[k % 2]])
    header = ["label", "id", "image", "text", "audio", "size", "colour"]
    x = rng.standard_normal((ROWS, 5)) + np.arange(ROWS)[:, None] % 2
    x[3] = np.nan if missing else 0
    np.save(folder / "sensor.npy", x)
    np.save(folder / "depth.npy", rng.random((ROWS, 6, 9)))
    return write_rows(folder, header, *lines)
