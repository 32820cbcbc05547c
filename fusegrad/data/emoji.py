"""1,601 emoji: pictures with the words that people look them up by, in eight groups."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np

TEST, VALIDATION = 320, 160


@dataclass(frozen=True, eq=False, repr=False)
class Emoji:
    """Naturally paired pictures and words.

    Shapes: image (1601, 32, 32, 3) uint8, 0 to 255, on white; text 1601 lines "name | keyword,
    keyword"; label (1601,) uint8, an index into classes (8); split {"train": (1121,),
    "validation": (160,), "test": (320,)} row numbers, disjoint.
    """

    image: np.ndarray
    text: list[str]
    label: np.ndarray
    classes: list[str]
    split: dict[str, np.ndarray]

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(rows)} {name}" for name, rows in self.split.items())
        return (
            f"Emoji({len(self.text)} pictures with words, {len(self.classes)} groups: {parts})"
        )


def load() -> Emoji:
    """The embedded set, with its fixed split: rows in the order of RandomState(0).permutation,
    the first 320 for the test, the next 160 for validation, the rest for training."""
    source = files(__package__).joinpath("emoji.npz")
    with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        image, label = arrays["image"], arrays["group"]
        classes = [str(name) for name in arrays["groups"]]
        text = arrays["text"].item().decode().split("\n")
    order = np.random.RandomState(0).permutation(len(label))  # this stream never changes
    test, validation, train = np.split(order, [TEST, TEST + VALIDATION])
    split = {"train": train, "validation": validation, "test": test}
    return Emoji(image, text, label, classes, split)
