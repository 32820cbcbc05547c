"""A user's own folder: what is read, and every message about what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.data import read_folder
from fusegrad.data.folder_table import standardised
from fusegrad.data.text import Vocabulary, words
from tests.folder_sample import ROWS, shapes, tone, write_png, write_rows, write_wav

EXACT = 1e-6  # float32
TWO = [["a", 1], ["b", 2]] * 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return read_folder(shapes(tmp_path_factory.mktemp("own") / "shapes"))


def test_every_modality_is_read(folder: Any) -> None:
    names = ["image", "text", "audio", "table", "depth", "sensor"]
    assert list(folder.present) == names and folder.classes == ["circle", "square"]
    assert repr(folder) == (
        "Folder(shapes: image, text, audio, table, depth, sensor; 2 labels; 28 train, "
        "4 validation, 8 test)"
    )
    assert folder.label.tolist() == [0, 1] * (ROWS // 2) and folder.names[7] == "row7"
    assert folder.pictures["image"].shape == (ROWS, 32, 32, 3)
    assert folder.pictures["image"][:3, 0, 0, 0].tolist() == [0, 200, 50]  # the first misses
    assert folder.pictures["depth"].shape == (ROWS, 32, 32, 3)
    assert folder.sounds["audio"].shape == (ROWS, 32, 32) and folder.sounds["audio"][1].any()
    assert folder.texts["text"][1] == "edges corners box, word1"
    assert folder.columns["table"] == ["size", "colour=blue", "colour=red"]
    assert folder.numbers["table"][:2, 1:].tolist() == [[0, 1], [1, 0]]
    assert np.isnan(folder.numbers["table"][[0, 8], 0]).all()
    assert folder.columns["sensor"] == [f"sensor[{k}]" for k in range(5)]


def test_what_is_missing_is_said(folder: Any) -> None:
    k = np.arange(ROWS)
    for name, gap in (("image", 5), ("text", 7), ("audio", 6)):
        assert np.array_equal(folder.present[name], k % gap != 0)
    assert folder.present["table"].all() and folder.present["depth"].all()
    assert np.flatnonzero(~folder.present["sensor"]).tolist() == [3]


def test_a_drawn_split_is_that_of_the_other_sets(folder: Any) -> None:
    order = np.random.RandomState(0).permutation(ROWS)
    assert np.array_equal(folder.split["test"], order[:8])
    assert np.array_equal(folder.split["validation"], order[8:12])
    assert np.array_equal(folder.split["train"], order[12:]) and folder.is_drawn


def test_a_split_that_is_given_is_used(tmp_path: Path) -> None:
    parts = ["test", "train", "validation", "train"] * 3
    lines = [["ab"[k % 3 == 0], k, part] for k, part in enumerate(parts)]
    found = read_folder(write_rows(tmp_path, ["Label", "n", "SPLIT"], *lines))
    assert found.split["validation"].tolist() == [2, 6, 10] and not found.is_drawn
    assert found.split["test"].tolist() == [0, 4, 8] and list(found.present) == ["table"]


def test_marks_of_windows_and_of_spreadsheets_change_nothing(tmp_path: Path) -> None:
    write_rows(tmp_path, ["label", "text", "n"], *[["a", "x, y", 1], ["b", 'say "z"', 2]] * 5)
    plain = read_folder(tmp_path)
    content = (tmp_path / "rows.csv").read_bytes().replace(b"\r\n", b"\n")
    for changed in (
        content,
        b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
        content.replace(b"\na,", b"\n a ,").replace(b"\nb,", b"\n\nb,") + b",,\n\n",
    ):
        (tmp_path / "rows.csv").write_bytes(changed)
        found = read_folder(tmp_path)
        assert found.texts == plain.texts and found.classes == ["a", "b"]
        assert found.texts["text"][:2] == ["x, y", 'say "z"']
        assert np.array_equal(found.numbers["table"], plain.numbers["table"])


def test_a_text_of_two_lines_counts_as_two(tmp_path: Path) -> None:
    lines = [["a", "one\ntwo"], ["b", "x"], ["c", "y"]] * 2
    found = read_folder(write_rows(tmp_path, ["label", "text"], *lines))
    assert found.names == ["line 2", "line 4", "line 5", "line 6", "line 8", "line 9"]


def test_several_pictures_have_names(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", 9)
    lines = [["a", "a.png", "./a.png"], ["b", "", "a.png"]] * 5
    found = read_folder(write_rows(tmp_path, ["label", "image:front", "Image:back"], *lines))
    assert list(found.present) == ["front", "back"]
    assert (found.pictures["back"] == 9).all() and (found.pictures["front"][1] == 0).all()


def test_an_array_that_a_cell_names_is_no_modality(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 4)))
    np.save(tmp_path / "x.npy", np.arange(10))
    found = read_folder(
        write_rows(tmp_path, ["label", "image"], *[["a", "a.npy"], ["b", "./a.npy"]] * 5)
    )
    assert list(found.present) == ["image", "x"] and found.numbers["x"].shape == (10, 1)


def test_words_of_a_column_are_those_of_training_rows(tmp_path: Path) -> None:
    parts = ["train", "train", "validation", "test", "train"]
    colours = ["red", "blue", "green", "", "red"]
    lines = [["ab"[k % 2], p, c] for k, (p, c) in enumerate(zip(parts, colours))]
    found = read_folder(
        write_rows(
            tmp_path, ["label", "split", "colour"], *lines[:3], ["b", "test", "red"], lines[4]
        )
    )
    assert found.columns["table"] == ["colour=blue", "colour=red"]
    assert found.numbers["table"].tolist() == [[0, 1], [1, 0], [0, 0], [0, 1], [0, 1]]


def test_columns_are_standardised_by_training_rows_alone() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 4)) * [1, 1e6, 1, 1] + [0, 1.7e9, 5, 0]
    x[:, 2], x[::3, 3], train = 0.1, np.nan, np.arange(20)
    found = standardised(x, train)
    for k in (0, 1, 3):
        known = x[train, k][~np.isnan(x[train, k])]
        by_hand = (x[:, k] - known.mean()) / known.std()
        np.testing.assert_allclose(found[:, k], by_hand, rtol=EXACT, atol=EXACT)
    assert (found[:, 2] == 0).all() and found.dtype == np.float32
    empty = standardised(np.array([[np.nan], [3.0]]), np.array([0]))
    assert np.isnan(empty).all()


def test_words_of_all_scripts() -> None:
    assert words("Größe, größe_7 don't") == ["größe", "7", "don", "t"]
    assert words("猫と犬 кот") == ["猫", "と", "犬", "кот"]
    assert Vocabulary(["Äpfel", "äpfel 3"], split=words).words == ["äpfel"]
    assert Vocabulary(["Äpfel", "äpfel 3"]).words == ["pfel"]  # a-z alone


def test_paths_of_windows_are_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "sounds" / "a.wav", tone(500))
    lines = [["a", "sounds\\a.wav"], ["b", "sounds/a.wav"]] * 5
    found = read_folder(write_rows(tmp_path, ["label", "audio"], *lines))
    assert np.array_equal(found.sounds["audio"][0], found.sounds["audio"][1])
