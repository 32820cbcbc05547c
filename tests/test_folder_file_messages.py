"""What is wrong with a file or an array of a folder is said with its cell and the repair."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.folder_sample import write_png, write_rows, write_wav
from tests.test_folder_messages import refused


def cut(path: Path) -> None:
    write_png(path)
    path.write_bytes(path.read_bytes()[:40])


FILES: list[tuple[str, str, Callable[[Path], None], str]] = [
    (
        "image",
        "pics/x.png",
        lambda p: None,
        "a picture file, got no such file pics/x.png; corr",
    ),
    (
        "audio",
        "x.wav",
        lambda p: None,
        "a .wav file, got no such file x.wav; correct the path or",
    ),
    (
        "image",
        "pics",
        lambda p: p.mkdir(),
        "a picture file, got no such file pics; correct the",
    ),
    ("image", "x" * 300, lambda p: None, "a picture file, got no such file xxx"),
    ("image", "a\0b", lambda p: None, "a picture file, got no such file a\0b"),
    (
        "image",
        "../x.png",
        lambda p: None,
        "a path inside the folder, got ../x.png; put the file",
    ),
    (
        "image",
        "/x.png",
        lambda p: None,
        "a path inside the folder, got /x.png; put the file int",
    ),
    (
        "image",
        "a\\..\\..\\x.png",
        lambda p: None,
        "a path inside the folder, got a\\..\\..\\x.",
    ),
    (
        "image",
        "x.png",
        cut,
        "a whole PNG file, got one that is cut off (x.png); save it again a",
    ),
    (
        "audio",
        "x.wav",
        cut,
        "a WAV file of whole numbers, got file does not start with RIFF id",
    ),
    (
        "audio",
        "x.wav",
        lambda p: write_wav(p, np.zeros(0)),
        "a whole WAV file with sound in it, got 0 bytes for 0 of 16 bits, 1 channels (x.wav)",
    ),
]


@pytest.mark.parametrize(("column", "cell", "make", "text"), FILES)
def test_what_is_wrong_with_a_file(
    column: str, cell: str, make: Callable[[Path], None], text: str, tmp_path: Path
) -> None:
    if cell.startswith("x.") or cell == "pics":
        make(tmp_path / cell)
    lines = [["a", "", 1], ["b", "", 2], ["a", cell, 3], ["b", cell, 4], ["b", cell, 5]]
    said = refused(write_rows(tmp_path, ["label", column, "n"], *lines))
    assert said.startswith(f"rows.csv, line 4, {column}: expected {text}")
    assert said.endswith("; 2 more lines have such a fault")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    write_png(tmp_path / "secret.png")
    (tmp_path / "own" / "x.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "own" / "loop.png").symlink_to(tmp_path / "own" / "loop.png")
    lines = [["a", "x.png", 1], ["b", "", 2]] * 5
    said = refused(write_rows(tmp_path / "own", ["label", "image", "n"], *lines))
    assert "line 2, image: expected a path inside the folder, got x.png; put the file" in said
    lines = [["a", "loop.png", 1], ["b", "", 2]] * 5
    said = refused(write_rows(tmp_path / "own", ["label", "image", "n"], *lines))
    assert "expected a picture file, got no such file loop.png" in said


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        if path.suffix == ".png":
            raise PermissionError(13, "Permission denied")
        return read(path)

    read = Path.read_bytes
    write_png(tmp_path / "x.png")
    write_rows(tmp_path, ["label", "image"], *[["a", "x.png"], ["b", ""]] * 5)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    said = refused(tmp_path)
    assert "a picture file, got Permission denied (x.png); correct the path" in said


ARRAYS = [
    (
        np.zeros((9, 2)),
        "x.npy: expected 10 entries, as rows.csv has rows, got 9; save one entry",
    ),
    (np.float64(3), "x.npy: expected 10 entries, as rows.csv has rows, got a single number;"),
    (
        np.array([None] * 10),
        "x.npy: expected an .npy file of numbers, got objects; save it agai",
    ),
    (
        np.zeros((10, 4, 4, 2)),
        "x.npy: expected (10, d) of numbers, or pictures (10, H, W), (.., ",
    ),
    (np.zeros((10, 0)), "x.npy: expected (10, d) of numbers, or pictures (10, H, W), (.., 1)"),
    (
        np.where(np.arange(10) == 7, np.inf, 0),
        "x.npy: expected finite numbers up to 1e30, got others in entry 7; write nan for a mis",
    ),
    (
        np.where(np.arange(40).reshape(10, 2, 2) == 7, np.nan, 0),
        "x.npy: expected whole pictures, got nan in a part of one; fill it, or make all of tha",
    ),
    (
        np.full(10, np.nan),
        "rows.csv, x: expected a value in some training row, got none; fill some, or take it",
    ),
]


@pytest.mark.parametrize(("x", "text"), ARRAYS)
def test_what_is_wrong_with_an_array(x: np.ndarray, text: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", x)
    said = refused(write_rows(tmp_path, ["label", "n"], *[["a", 1], ["b", 2]] * 5))
    assert said.startswith(text)
