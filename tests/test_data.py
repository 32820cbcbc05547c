"""Embedded sets: the table, the fixed split, words and bags."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data

ROOT = Path(__file__).resolve().parents[1]


def test_emoji_is_whole_and_split_without_overlap() -> None:
    emoji = data.load("emoji")
    assert emoji.image.shape == (1601, 32, 32, 3) and len(emoji.text) == 1601
    sizes = {name: len(rows) for name, rows in emoji.split.items()}
    assert sizes == {"train": 1121, "validation": 160, "test": 320}
    rows = np.concatenate(list(emoji.split.values()))
    assert np.array_equal(np.sort(rows), np.arange(1601))
    assert emoji.split["test"][:5].tolist() == [1073, 326, 1558, 918, 974]
    for part in emoji.split.values():
        assert set(emoji.label[part]) == set(range(8))  # every group in every part


def test_pictures_and_words_belong_together() -> None:
    emoji = data.load("emoji")
    row = next(i for i, line in enumerate(emoji.text) if line.startswith("red heart |"))
    assert emoji.classes[emoji.label[row]] == "Smileys & Emotion"
    centre = emoji.image[row][12:20, 12:20].reshape(-1, 3).mean(0)
    assert centre[0] > 150 > centre[1] and centre[2] < 150  # red


def test_an_unknown_set_lists_the_known() -> None:
    text = (
        "data.load: expected a set among emoji, mnist, movies, spam, syllables, av_digits, "
        "got 'iris'; see `fusegrad data`"
    )
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        data.load("iris")


def test_every_set_states_its_licence_in_the_licence_file() -> None:
    text = (ROOT / "DATA_LICENSES.md").read_text(encoding="utf-8")
    for row in data.SETS.values():
        assert row.file in text and row.size > 1000
        for licence in re.findall(r"[A-Z][\w.]*-[\w.-]+", row.licence):
            assert f"licenses/{licence}.txt" in text, licence


def test_bags_hold_the_distinct_known_words_of_each_text() -> None:
    words = data.Vocabulary(["red heart, red", "red car", "blue car"])
    assert words.words == ["car", "red"] and len(words) == 2
    indices, offsets = words.bags(["a red red car", "nothing", "", "car"])
    assert indices.tolist() == [1, 0, 0] and offsets.tolist() == [0, 2, 2, 2]


def test_a_bag_of_no_texts_is_empty() -> None:
    indices, offsets = data.Vocabulary(["a a"]).bags([])
    assert indices.shape == offsets.shape == (0,) and indices.dtype == np.int64
