"""Digits seen and heard: MNIST's pictures paired by label with spoken digits that you bring."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..kernels.errors import OptionError
from . import mnist
from .spoken_digits import REPAIR, SpokenDigits, read_spoken_digits

PAIRING = "paired by class label, not co-recorded"
VARIABLE = "FUSEGRAD_DATA"  # the environment variable that names the folder
PAIRS = {"train": 6000, "validation": 1000, "test": 1500}  # as many of every digit
FULL = ("mnist_train.npz", "mnist_test.npz")
FULL_TRAIN = 55_000  # of MNIST's 60,000; the rest is for validation


@dataclass(frozen=True, eq=False, repr=False)
class AVDigits:
    """Pairs of a picture and a recording that were chosen at random among those of one digit.

    They were not made together, and no more than `pictures[part]` and `recordings[part]` of
    each are distinct; neither a picture nor a speaker is in two parts.

    Shapes: image (P, 28, 28) uint8; logmel (R, 32, 32) uint8, (mel band, moment); pairs
    (8500, 2) rows of the two; label (8500,) uint8, the digit; classes "0" to "9"; speakers by
    part; split {"train": (6000,), "validation": (1000,), "test": (1500,)} row numbers of pairs.
    """

    image: np.ndarray
    logmel: np.ndarray
    pairs: np.ndarray
    label: np.ndarray
    classes: list[str]
    split: dict[str, np.ndarray]
    speakers: dict[str, list[str]]
    pairing: str = PAIRING

    @property
    def pictures(self) -> dict[str, int]:
        """How many distinct pictures each part has."""
        return {part: len(np.unique(self.pairs[r, 0])) for part, r in self.split.items()}

    @property
    def recordings(self) -> dict[str, int]:
        """How many distinct recordings each part has."""
        return {part: len(np.unique(self.pairs[r, 1])) for part, r in self.split.items()}

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{len(self.split[part])} {part} of {self.pictures[part]} pictures and "
            f"{self.recordings[part]} recordings"
            for part in self.split
        )
        return f"AVDigits({self.pairing}: {parts})"


def load(
    folder: str | Path | None = None,
    *,
    energy: float = 0.25,
    noise: float = 0.35,
    speakers: tuple[str, str] = ("yweweler", "theo"),
    seed: int = 0,
) -> AVDigits:
    """Pairs from the embedded MNIST and the recordings in a folder, by default $FUSEGRAD_DATA.

    Where the folder holds mnist_train.npz and mnist_test.npz too (x (N, 28, 28), y (N,)), all
    of MNIST is used. `speakers` are heard in validation and in the test alone. Both sides are
    weakened, so that neither is enough: pictures keep `energy` of their variance, the leading
    principal components of the training pictures; recordings get `noise` (in units of full
    scale, 80 dB) times a normal draw. energy=1 and noise=0 leave them as they are.

    Raises: OptionError for a folder without recordings or without the two speakers, and for
    settings.
    """
    _check(energy, noise)
    rng = np.random.default_rng(seed)
    place = _folder(folder)
    sound = read_spoken_digits(place)
    image, digit, pictures = _pictures(place)
    heard = _recordings(sound, speakers)
    drawn = {
        part: _paired(part, (digit, pictures[part]), (sound.digit, heard[part]), rng)
        for part in PAIRS
    }
    pairs = np.concatenate(list(drawn.values()))
    return AVDigits(
        image=weakened(image, pictures["train"], energy),
        logmel=noisy(sound.logmel, noise, rng),
        pairs=pairs,
        label=digit[pairs[:, 0]],
        classes=[str(k) for k in range(10)],
        split=_parts(len(pairs), np.cumsum(list(PAIRS.values()))[:-1]),
        speakers={part: _names(sound, rows) for part, rows in heard.items()},
    )


def weakened(image: np.ndarray, train: np.ndarray, energy: float) -> np.ndarray:
    """Pictures as their mean and the fewest leading principal components of the training rows
    that hold this part of their variance. Shapes: (N, H, W) uint8 -> the same."""
    if energy == 1:
        return image
    x = image.reshape(len(image), -1).astype(np.float32)
    mean = x[train].mean(axis=0)
    centred = x[train] - mean
    values, vectors = np.linalg.eigh(centred.T @ centred)  # rising
    held = np.cumsum(values[::-1]) / values.sum()
    axes = vectors[:, ::-1][:, : int(np.searchsorted(held, energy)) + 1]
    kept = (x - mean) @ axes @ axes.T + mean
    grey = np.clip(np.rint(kept), 0, 255).astype(np.uint8)
    return np.asarray(grey.reshape(image.shape))


def noisy(logmel: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Recordings with noise, one draw for each. Shapes: (N, 32, 32) uint8 -> the same."""
    if not noise:
        return logmel
    loud = logmel + 255 * noise * rng.standard_normal(logmel.shape, dtype=np.float32)
    return np.asarray(np.clip(np.rint(loud), 0, 255).astype(np.uint8))


def _check(energy: float, noise: float) -> None:
    if not 0 < energy <= 1:
        raise OptionError("av_digits", "0 < energy <= 1", f"energy={energy}", "1 keeps all")
    if not 0 <= noise < np.inf:
        raise OptionError("av_digits", "0 <= noise < inf", f"noise={noise}", "0 adds none")


def _folder(given: str | Path | None) -> Path:
    named = given if given is not None else os.environ.get(VARIABLE)
    if not named:
        raise OptionError("av_digits", "a folder of recordings", "none", REPAIR)
    return Path(named)


def _pictures(folder: Path) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Pictures, digits, and the rows of each part: of all of MNIST if it is there."""
    if not all((folder / name).is_file() for name in FULL):
        small = mnist.load()
        return small.image, small.label, small.split
    found = []
    for name in FULL:
        with np.load(folder / name, allow_pickle=False) as arrays:
            found.append((arrays["x"], arrays["y"]))
    image, digit = (np.concatenate(parts) for parts in zip(*found))
    ends = [FULL_TRAIN, len(found[0][1])]
    return image, digit, _parts(len(digit), ends)


def _parts(rows: int, ends: Any) -> dict[str, np.ndarray]:
    """Row numbers in order, cut into the three parts."""
    return dict(zip(PAIRS, np.split(np.arange(rows), ends), strict=True))


def _recordings(sound: SpokenDigits, held_out: tuple[str, str]) -> dict[str, np.ndarray]:
    """The rows of each part: one speaker for validation, one for the test, the others."""
    others = [name for name in sound.speakers if name not in held_out]
    if set(held_out) - set(sound.speakers) or len(set(held_out)) < 2 or not others:
        expected = f"the speakers {' and '.join(held_out)}, and others"
        got = ", ".join(sound.speakers)
        raise OptionError("av_digits", expected, got, "name two that are there by speakers=...")
    named = {"train": others, "validation": [held_out[0]], "test": [held_out[1]]}
    numbers = {part: [sound.speakers.index(n) for n in names] for part, names in named.items()}
    return {p: np.flatnonzero(np.isin(sound.speaker, ks)) for p, ks in numbers.items()}


def _names(sound: SpokenDigits, rows: np.ndarray) -> list[str]:
    return [sound.speakers[k] for k in np.unique(sound.speaker[rows])]


def _paired(
    part: str,
    pictures: tuple[np.ndarray, np.ndarray],
    recordings: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """As many pairs of every digit, mixed: pictures once as long as they last, recordings again
    and again. Shapes: -> (number of pairs, 2)."""
    each, made = PAIRS[part] // 10, []
    for digit in range(10):
        seen, heard = (rows[labels[rows] == digit] for labels, rows in (pictures, recordings))
        if not len(heard):
            expected, repair = f"a recording of {digit} for {part}", "add one to the folder"
            raise OptionError("av_digits", expected, "none", repair)
        made.append(np.stack([_drawn(seen, each, rng), _drawn(heard, each, rng)], axis=1))
    return rng.permutation(np.concatenate(made))


def _drawn(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Rows in a random order, all of them as often as each other, but for the last round."""
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(rounds)[:count]
