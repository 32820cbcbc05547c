"""10,000 handwritten digits of MNIST: the first of its training set, in mixed order."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np

TRAIN, TEST_FROM = 7000, 8000


@dataclass(frozen=True, eq=False, repr=False)
class MNIST:
    """Pictures of digits. What is held out here is no part of MNIST's own test set.

    Shapes: image (10000, 28, 28) uint8, 0 (paper) to 255 (ink); label (10000,) uint8, the
    digit; classes "0" to "9"; split {"train": (7000,), "validation": (1000,),
    "test": (2000,)} row numbers, disjoint.
    """

    image: np.ndarray
    label: np.ndarray
    classes: list[str]
    split: dict[str, np.ndarray]

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(rows)} {name}" for name, rows in self.split.items())
        return f"MNIST({len(self.label)} digits: {parts})"


def load() -> MNIST:
    """The embedded set, with its fixed split: the file is mixed, so rows 0 to 6,999 are for
    training, the next 1,000 for validation, the last 2,000 for the test."""
    source = files(__package__).joinpath("mnist.npz")
    with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        image, label = arrays["x"], arrays["y"]
    train, validation, test = np.split(np.arange(len(label)), [TRAIN, TEST_FROM])
    split = {"train": train, "validation": validation, "test": test}
    return MNIST(image, label, [str(digit) for digit in range(10)], split)
