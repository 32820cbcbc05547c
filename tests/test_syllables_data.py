"""The embedded syllables: bytes, the split by spelling, symbols, and how they are made.

Source: tools/make_syllables.py rebuilds the file; DATA_LICENSES.md states where it comes from.
"""

from __future__ import annotations

import io
import re

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data
from fusegrad.data.syllables import Syllables
from tests.data_files import check_published, check_reference, check_split, notice_of
from tools import make_syllables

RATE = 44_100


@pytest.fixture(scope="module")
def syllables() -> Syllables:
    return data.load("syllables")


def test_arrays_are_the_published_ones() -> None:
    keys = ["logmel", "tone", "zhuyin"]
    check_published("syllables.npz", keys, ["gcin-voice_0~20170223-3_all.deb"])


def test_equals_the_reference_build() -> None:
    check_reference("syllables.npz", "mandarin_syllables.npz")


def test_the_file_names_the_authors_and_says_that_it_was_changed() -> None:
    for part in ("ChionMeilin", "Chu Lo", "CC BY 3.0", "changed", "DATA_LICENSES.md"):
        assert part in notice_of("syllables.npz")


def test_the_split_is_whole_and_no_spelling_is_in_two_parts(syllables: Syllables) -> None:
    check_split(syllables.split, {"train": 815, "validation": 114, "test": 229})
    spelled = [{syllables.text[r] for r in rows} for rows in syllables.split.values()]
    assert [len(names) for names in spelled] == [271, 39, 77]
    assert sum(map(len, spelled)) == len(set().union(*spelled)) == 387
    for rows in syllables.split.values():
        assert set(syllables.label[rows]) == set(range(5))
    expected = "Syllables(1158 recordings, 37 symbols: 815 train, 114 validation, 229 test)"
    assert repr(syllables) == expected


def test_tones_and_their_names(syllables: Syllables) -> None:
    assert np.bincount(syllables.label).tolist() == [303, 11, 236, 288, 320]
    assert syllables.classes[1] == "neutral tone" and len(syllables.classes) == 5
    assert syllables.logmel.shape == (1158, 32, 32) and syllables.logmel.dtype == np.uint8


def test_tones_and_sounds_belong_together(syllables: Syllables) -> None:
    """The nearest mean picture of the training rows names most tones of the test rows."""
    x, label = syllables.logmel.reshape(1158, -1) / 255, syllables.label
    train, test = syllables.split["train"], syllables.split["test"]
    means = np.stack([x[train][label[train] == tone].mean(0) for tone in range(5)])
    nearest = ((x[test][:, None] - means) ** 2).sum(-1).argmin(1)
    assert 0.9 < (nearest == label[test]).mean() < 0.95


def test_bags_spell_every_syllable(syllables: Syllables) -> None:
    numbers, offsets = syllables.bags()
    assert numbers.dtype == offsets.dtype == np.int64
    spelled = np.split(np.array(syllables.symbols)[numbers], offsets[1:])
    assert ["".join(part) for part in spelled] == syllables.text
    assert {len(part) for part in spelled} == {1, 2, 3} and len(syllables.symbols) == 37
    one, start = syllables.bags(-1)
    assert "".join(syllables.symbols[k] for k in one) == syllables.text[-1]
    assert start.tolist() == [0]
    text = "Syllables: expected rows in [-1158, 1158), got 2000; see len(dataset)"
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        syllables.bags(2000)


def test_a_recording_is_trimmed_to_what_is_heard() -> None:
    x = np.zeros(1000)
    x[300:400] = np.sin(np.arange(100.0))
    x[[10, 900]] = 0.019  # below 2 % of the peak
    assert make_syllables.trimmed(x).shape == (99,)  # sin(0) is no sound
    assert np.array_equal(make_syllables.trimmed(-3 * x), -3 * x[301:400])


def test_the_name_of_a_folder_is_spelling_and_tone() -> None:
    assert [make_syllables.spelling(name) for name in ("ㄅㄚ", "ㄅㄚ1", "ㄇㄧㄢ4")] == [
        ("ㄅㄚ", 0),
        ("ㄅㄚ", 1),
        ("ㄇㄧㄢ", 4),
    ]


def recording(pitch: float, rate: int = RATE) -> bytes:
    soundfile = pytest.importorskip("soundfile")
    pytest.importorskip("scipy")

    file, t = io.BytesIO(), np.arange(rate // 2) / rate
    soundfile.write(file, 0.5 * np.sin(2 * np.pi * pitch * t), rate, format="OGG")
    return file.getvalue()


def test_a_higher_pitch_lies_in_a_higher_band() -> None:
    pictures = [make_syllables.syllable(recording(pitch)) for pitch in (300, 900, 2700)]
    bands = [int(picture[:, 16].argmax()) for picture in pictures]
    assert bands == sorted(bands) and len(set(bands)) == 3
    with pytest.raises(
        SystemExit, match=r"expected 44100 samples a second, got 22050; use the"
    ):
        make_syllables.syllable(recording(300, 22_050))
