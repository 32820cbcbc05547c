"""What the tests of embedded files share: reading, and what DATA_LICENSES.md says of them."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tools.embedding import array_sha256, published

FOLDER = Path(__file__).resolve().parents[1] / "fusegrad" / "data"


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def check_published(file: str, keys: list[str], packages: list[str]) -> None:
    """Every array is the one that DATA_LICENSES.md states, which states nothing else."""
    arrays, stated = arrays_of(FOLDER / file), published(file)
    assert list(arrays) == keys and sorted(stated) == sorted(keys + packages)
    for key, array in arrays.items():
        assert array_sha256(array) == stated[key], key


def check_reference(file: str, reference: str) -> None:
    """Equal, array for array, to a build by other code, where there is one."""
    path = Path(os.environ.get("FUSEGRAD_REFERENCE_DATA", ""), reference)
    if not path.is_file():
        pytest.skip(f"FUSEGRAD_REFERENCE_DATA names no folder with {reference}")
    ours, theirs = arrays_of(FOLDER / file), arrays_of(path)
    assert list(ours) == list(theirs)
    for key in ours:
        np.testing.assert_array_equal(ours[key], theirs[key], strict=True)


def notice_of(file: str) -> str:
    with zipfile.ZipFile(FOLDER / file) as archive:
        return archive.comment.decode()


def check_split(split: dict[str, np.ndarray], sizes: dict[str, int]) -> None:
    """Parts of these sizes that hold every row once."""
    assert {name: len(rows) for name, rows in split.items()} == sizes
    rows = np.concatenate(list(split.values()))
    assert np.array_equal(np.sort(rows), np.arange(sum(sizes.values())))
