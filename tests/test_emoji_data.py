"""The embedded emoji set: its bytes, its counts, its text and its notice.

Source: tools/make_emoji.py rebuilds the file; DATA_LICENSES.md states where it comes from.
"""

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "fusegrad" / "data" / "emoji.npz"
# Arrays are hashed, not the file: zip bytes change with the zlib that wrote them.
ARRAYS = {
    "image": (
        (1601, 32, 32, 3),
        "uint8",
        "8663766965961c8418f8ab1c8bf9310430290b035b008874225b5ea6935b79ba",
    ),
    "group": (
        (1601,),
        "uint8",
        "51cc4977f52fabf55ac0ac47920b3bd1e80a431c42460a945cad1199e01f89c6",
    ),
    "groups": (
        (8,),
        "<U17",
        "1b31fbb2db50082024cfd055428a48ea22961be98e7043a76fbf67be700ff1df",
    ),
    "text": ((), "|S75802", "466695462da7253a66cdea13b45a823b49dae8ddbb7bdbf35a3a406f4d0f9592"),
}
COUNTS = {
    "Activities": 85,
    "Animals & Nature": 152,
    "Food & Drink": 133,
    "Objects": 261,
    "People & Body": 363,
    "Smileys & Emotion": 166,
    "Symbols": 223,
    "Travel & Places": 218,
}


def load(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def emoji() -> dict[str, np.ndarray]:
    return load(FILE)


@pytest.fixture(scope="module")
def lines(emoji) -> list[str]:
    return emoji["text"].item().decode("utf-8").split("\n")


def test_keys(emoji):
    assert list(emoji) == list(ARRAYS)


@pytest.mark.parametrize("key", ARRAYS)
def test_array_is_the_published_one(emoji, key):
    shape, dtype, digest = ARRAYS[key]
    array = emoji[key]
    content = "\n".join(array).encode() if key == "groups" else array.tobytes()
    assert array.shape == shape
    assert array.dtype == np.dtype(dtype)
    assert hashlib.sha256(content).hexdigest() == digest


def test_counts_per_group(emoji):
    counts = np.bincount(emoji["group"], minlength=len(emoji["groups"]))
    assert dict(zip(emoji["groups"].tolist(), counts.tolist(), strict=True)) == COUNTS


def test_every_line_is_name_and_keywords(lines, emoji):
    assert len(lines) == len(emoji["image"])
    for line in lines:
        name, keywords = line.split(" | ")
        assert name and name == name.strip()
        assert all(word and word == word.strip() for word in keywords.split(", ") if keywords)


def test_names_are_unique_and_21_have_no_keyword(lines):
    names = [line.split(" | ")[0] for line in lines]
    assert len(set(names)) == len(names)
    assert sum(line.endswith(" | ") for line in lines) == 21


def test_first_line_is_grinning_face(lines, emoji):
    assert lines[0] == "grinning face | face, grin, grinning face"
    assert emoji["groups"][emoji["group"][0]] == "Smileys & Emotion"
    red, green, blue = emoji["image"][0, 16, 4].tolist()
    assert red > 200 and green > 150 and blue < 100, "a yellow cheek"


def test_pictures_stand_on_white(emoji):
    corners = emoji["image"][:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.all(corners == 255)


def test_archive_carries_the_notice_of_modification():
    with zipfile.ZipFile(FILE) as archive:
        notice = archive.comment.decode()
    assert "Modified from Noto Color Emoji" in notice
    assert "DATA_LICENSES.md" in notice


def test_equals_the_reference_build(emoji):
    path = Path(os.environ.get("FUSEGRAD_REFERENCE_DATA", ""), "emoji32.npz")
    if not path.is_file():
        pytest.skip("FUSEGRAD_REFERENCE_DATA names no folder with emoji32.npz")
    reference = load(path)
    assert list(reference) == list(emoji)
    for key in reference:
        np.testing.assert_array_equal(emoji[key], reference[key], strict=True)
