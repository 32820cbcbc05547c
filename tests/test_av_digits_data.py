"""Digits seen and heard: pairs inside parts, weakened sides, and what a folder may hold.

The recordings are no part of this project: most tests build a small folder of tones; the last
ones use the real recordings where FUSEGRAD_DATA names them.
"""

from __future__ import annotations

import os
import re
import wave
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data
from fusegrad.data import av_digits
from fusegrad.data.av_digits import AVDigits
from fusegrad.data.spoken_digits import read_spoken_digits
from tests.data_files import check_split

SPEAKERS = ("ann", "bob", "cid", "theo", "yweweler")
TAKES = 3
SIZES = {"train": 6000, "validation": 1000, "test": 1500}


def write_wav(path: Path, x: np.ndarray, rate: int = 8000, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((32767 * x).astype("<i2").tobytes())


def tone(digit: int, speaker: int, take: int) -> np.ndarray:
    t = np.arange(1500 + 100 * take) / 8000
    return 0.5 * np.sin(2 * np.pi * (200 + 300 * digit + 10 * speaker) * t)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("digits")
    (made / "recordings").mkdir()
    for digit, (k, name), take in product(range(10), enumerate(SPEAKERS), range(TAKES)):
        path = made / "recordings" / f"{digit}_{name}_{take}.wav"
        write_wav(path, tone(digit, k, take))
    write_wav(made / "recordings" / "readme.wav", np.zeros(10))  # no digit: left out
    return made


@pytest.fixture(scope="module")
def digits(folder: Path) -> AVDigits:
    return data.load("av_digits", folder=folder)


def check_pairs(digits: AVDigits, heard: np.ndarray) -> None:
    """Labels agree, as many of each, and no picture or recording is in two parts."""
    check_split(digits.split, SIZES)
    assert np.array_equal(heard[digits.pairs[:, 1]], digits.label)
    for column in (0, 1):
        parts = [set(digits.pairs[rows, column].tolist()) for rows in digits.split.values()]
        assert sum(map(len, parts)) == len(set().union(*parts))
    for part, rows in digits.split.items():
        counts = np.bincount(digits.label[rows], minlength=10)
        assert counts.tolist() == [SIZES[part] // 10] * 10
        first = digits.label[rows][:50]
        assert len(set(first.tolist())) > 5  # mixed


def test_pairs_share_a_label_and_parts_share_nothing(digits: AVDigits) -> None:
    heard = np.repeat(np.arange(10), len(SPEAKERS) * TAKES)
    check_pairs(digits, heard)
    assert digits.speakers == {
        "train": ["ann", "bob", "cid"],
        "validation": ["yweweler"],
        "test": ["theo"],
    }
    mnist = data.load("mnist")
    assert np.array_equal(mnist.label[digits.pairs[:, 0]], digits.label)
    for part, rows in digits.split.items():
        assert set(digits.pairs[rows, 0]) <= set(mnist.split[part])


def test_it_says_what_it_is_and_how_many_are_distinct(digits: AVDigits) -> None:
    assert digits.recordings == {"train": 90, "validation": 30, "test": 30}
    assert digits.pictures["test"] == 1500 and digits.pictures["train"] == 6000 - lacking()
    assert repr(digits).startswith(
        "AVDigits(paired by class label, not co-recorded: 6000 train"
    )
    assert digits.classes == list("0123456789")


def lacking() -> int:
    """Of some digits the training part of MNIST has fewer than 600, so that some recur."""
    mnist = data.load("mnist")
    counts = np.bincount(mnist.label[mnist.split["train"]])
    return int(np.maximum(600 - counts, 0).sum())


def test_the_seed_fixes_everything(digits: AVDigits, folder: Path) -> None:
    again, other = (data.load("av_digits", folder=folder, seed=seed) for seed in (0, 1))
    for name in ("pairs", "logmel", "image"):
        assert np.array_equal(getattr(again, name), getattr(digits, name))
    assert not np.array_equal(other.pairs, digits.pairs)
    assert not np.array_equal(other.logmel, digits.logmel)


def test_both_sides_are_weakened_unless_told_otherwise(digits: AVDigits, folder: Path) -> None:
    whole = data.load("av_digits", folder=folder, energy=1, noise=0)
    assert np.array_equal(whole.image, data.load("mnist").image)
    assert np.array_equal(whole.logmel, read_spoken_digits(folder).logmel)
    assert np.array_equal(whole.pairs, digits.pairs)
    noise = (digits.logmel.astype(float) - whole.logmel) / 255
    inside = (whole.logmel > 100) & (whole.logmel < 155)
    assert 0.25 < noise[inside].std() < 0.35  # clipping at both ends takes some of .35


def test_pictures_keep_the_leading_components(digits: AVDigits) -> None:
    """Beside the singular value decomposition of the training pictures."""
    mnist = data.load("mnist")
    x = mnist.image.reshape(10000, -1).astype(float)
    train = mnist.split["train"]
    mean = x[train].mean(0)
    _, s, v = np.linalg.svd(x[train] - mean, full_matrices=False)
    kept = int((np.cumsum(s**2) / (s**2).sum() < 0.25).sum()) + 1
    assert kept == 4
    expected = np.clip((x - mean) @ v[:kept].T @ v[:kept] + mean, 0, 255)
    assert abs(digits.image.reshape(10000, -1) - expected).max() <= 0.51  # rounded


def test_all_of_mnist_is_used_where_it_lies_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "recordings").symlink_to(folder / "recordings")
    for name, count in (("mnist_train.npz", 55_100), ("mnist_test.npz", 40)):
        y = (np.arange(count) % 10).astype(np.uint8)
        np.savez(tmp_path / name, x=np.zeros((count, 2, 2), np.uint8) + y[:, None, None], y=y)
    digits = data.load("av_digits", folder=tmp_path, energy=1)
    assert digits.image.shape == (55_140, 2, 2) and digits.pictures["test"] == 40
    ends = {part: digits.pairs[rows, 0].max() for part, rows in digits.split.items()}
    assert ends["train"] < 55_000 <= ends["validation"] < 55_100 <= ends["test"]


def test_the_archive_gives_what_the_files_give(folder: Path, tmp_path: Path) -> None:
    found = [
        tone(digit, k, take)
        for digit, k, take in product(range(10), range(len(SPEAKERS)), range(TAKES))
    ]
    np.savez(
        tmp_path / "fsdd_wav8k.npz",
        samples=np.concatenate([(32767 * x).astype(np.int16) for x in found]),
        indptr=np.cumsum([0, *map(len, found)]),
        digit=np.repeat(np.arange(10, dtype=np.uint8), len(SPEAKERS) * TAKES),
        speaker=np.tile(np.repeat(np.arange(5, dtype=np.uint8), TAKES), 10),
        speakers=np.array(SPEAKERS),
    )
    files, archive = read_spoken_digits(folder), read_spoken_digits(tmp_path)
    assert files.speakers == archive.speakers == list(SPEAKERS)
    for ours, theirs in zip(files[:3], archive[:3], strict=True):
        assert np.array_equal(ours, theirs)
    assert read_spoken_digits(folder / "recordings").speakers == list(SPEAKERS)


def test_the_variable_names_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEGRAD_DATA", str(folder))
    assert data.load("av_digits").recordings["test"] == 30
    monkeypatch.delenv("FUSEGRAD_DATA")
    text = "av_digits: expected a folder of recordings, got none; get the Free Spoken"
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        data.load("av_digits")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"energy": 0}, "av_digits: expected 0 < energy <= 1, got energy=0; 1 keeps all"),
    ({"noise": -1}, "av_digits: expected 0 <= noise < inf, got noise=-1; 0 adds none"),
    (
        {"speakers": ("ann", "eve")},
        "the speakers ann and eve, and others, got ann, bob, cid, t",
    ),
    ({"speakers": ("ann", "ann")}, "name two that are there by speakers=..."),
]


@pytest.mark.parametrize(("options", "text"), WRONG)
def test_wrong_options_are_one_line(options: Any, text: str, folder: Path) -> None:
    with pytest.raises(fg.OptionError, match=re.escape(text)) as caught:
        data.load("av_digits", folder=folder, **options)
    assert "\n" not in str(caught.value)


def test_folders_that_do_not_do(tmp_path: Path) -> None:
    with pytest.raises(
        fg.OptionError, match=r"fsdd_wav8k\.npz in .*, got neither; get the Free"
    ):
        data.load("av_digits", folder=tmp_path)
    for k, name in enumerate(SPEAKERS):
        write_wav(tmp_path / f"3_{name}_0.wav", tone(3, k, 0))
    with pytest.raises(
        fg.OptionError, match="a recording of 0 for train, got none; add one to"
    ):
        data.load("av_digits", folder=tmp_path)


def test_recordings_of_another_form_are_named(tmp_path: Path) -> None:
    cases = {
        "1_ann_0.wav": ({"rate": 16_000}, "16000 Hz, 16 bits, 1 channels, 400 bytes"),
        "2_ann_0.wav": ({"channels": 2}, "8000 Hz, 16 bits, 2 channels, 400 bytes"),
    }
    for name, (form, got) in cases.items():
        write_wav(tmp_path / name, np.zeros(200), **form)
        text = f"sound at 8000 Hz, 16 bits, 1 channel in {name}, got {got}; convert it, or"
        with pytest.raises(fg.OptionError, match=re.escape(text)):
            read_spoken_digits(tmp_path)
        (tmp_path / name).unlink()
    (tmp_path / "0_ann_0.wav").write_bytes(b"no sound")
    with pytest.raises(fg.OptionError, match=r"in 0_ann_0\.wav, got file does not start with"):
        read_spoken_digits(tmp_path)


def test_the_real_recordings() -> None:
    place = Path(os.environ.get("FUSEGRAD_DATA", ""))
    if not (place / "fsdd_wav8k.npz").is_file():
        pytest.skip("FUSEGRAD_DATA names no folder with fsdd_wav8k.npz")
    digits = data.load("av_digits", folder=place)
    check_pairs(digits, read_spoken_digits(place).digit)
    assert digits.recordings == {"train": 2000, "validation": 500, "test": 500}
    assert av_digits.PAIRING == digits.pairing == "paired by class label, not co-recorded"
