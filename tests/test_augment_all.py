"""What every augmentation keeps: its input, dtype, form, draws, and rows not picked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import DTypeError, FusegradError, OptionError, ShapeError
from fusegrad.multimodal import augment as au


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


PICTURES = rng(1).integers(0, 256, (6, 16, 12, 3)).astype(np.uint8)
WAVES = (0.2 * rng(2).standard_normal((6, 200))).astype(np.float32)
FRAMES = rng(3).integers(0, 256, (6, 20, 10)).astype(np.uint8)
LENGTHS = np.array([200, 150, 90, 33, 1, 0], np.int32)
IDS = rng(4).integers(1, 30, (6, 12)).astype(np.int32)
ENDS = np.array([12, 7, 5, 4, 2, 0], np.int32)
WORDS = (IDS, ENDS)
FLAT = (IDS.ravel(), np.array([0, 12, 12, 30, 35, 60]))
SYNONYMS = {k: (k + 100, k + 200) for k in range(30)}

# By name: what is made with a p, and the batches it takes.
MADE: dict[str, tuple[Any, list[Any]]] = {
    "flip": (au.HorizontalFlip, [PICTURES, PICTURES[..., 0], PICTURES / 255.0]),
    "crop": (lambda p: au.RandomCrop(p=p), [PICTURES, PICTURES[..., 0], PICTURES / 255.0]),
    "erase": (au.RandomErasing, [PICTURES, PICTURES[..., 0], PICTURES / 255.0]),
    "colour": (lambda p: au.ColourJitter(p=p), [PICTURES, PICTURES[..., :1], PICTURES / 255.0]),
    "spec": (lambda p: au.SpecAugment(5, 8, p=p), [FRAMES, FRAMES / 255.0, (FRAMES, ENDS)]),
    "shift": (lambda p: au.TimeShift(0.3, p=p), [WAVES, FRAMES, (WAVES, LENGTHS)]),
    "noise": (lambda p: au.AddNoise(p=p), [WAVES, WAVES.astype(float), (WAVES, LENGTHS)]),
    "delete": (au.DeleteWords, [WORDS, FLAT]),
    "replace": (lambda p: au.ReplaceSynonyms(SYNONYMS, p), [WORDS, FLAT]),
    "swap": (au.SwapWords, [WORDS, FLAT]),
}
CASES = [(name, k) for name, (_, batches) in MADE.items() for k in range(len(batches))]
EACH = pytest.mark.parametrize(("name", "k"), CASES)


def arrays_of(x: Any) -> tuple[np.ndarray, ...]:
    return x if isinstance(x, tuple) else (x,)


def bits_of(x: Any) -> list[tuple[Any, ...]]:
    return [(a.shape, a.dtype, a.tobytes()) for a in arrays_of(x)]


@EACH
def test_the_input_stays_and_form_and_dtype_are_kept(name: str, k: int) -> None:
    make, batches = MADE[name]
    x, before = batches[k], bits_of(batches[k])
    for array in arrays_of(x):
        array.setflags(write=False)
    found = make(1.0)(x, rng=rng())
    assert bits_of(x) == before and isinstance(found, tuple) == isinstance(x, tuple)
    for new, old in zip(arrays_of(found), arrays_of(x), strict=True):
        assert new is old or not np.may_share_memory(new, old)
        assert new.dtype == old.dtype and new.ndim == old.ndim
        assert name == "delete" or new.shape == old.shape
    assert bits_of(found) != before


@EACH
def test_with_probability_0_nothing_changes(name: str, k: int) -> None:
    make, batches = MADE[name]
    assert bits_of(make(0.0)(batches[k], rng=rng())) == bits_of(batches[k])


@EACH
def test_draws_are_those_of_the_generator(name: str, k: int) -> None:
    make, batches = MADE[name]
    first, same, other = (bits_of(make(1.0)(batches[k], rng=rng(s))) for s in (5, 5, 6))
    assert first == same and (first != other or name == "flip")


@pytest.mark.parametrize("name", ["spec", "shift", "noise"])
def test_what_is_behind_the_end_of_a_sound_is_not_touched(name: str) -> None:
    make, batches = MADE[name]
    x, lengths = batches[2]
    wild = x.copy()
    for row, length in zip(wild, lengths):
        row[length:] = 99
    found, kept = make(1.0)((wild, lengths), rng=rng())
    plain, _ = make(1.0)((x, lengths), rng=rng())
    assert kept is lengths
    for row, same, length in zip(found, plain, lengths):
        assert (row[length:] == 99).all() and np.array_equal(row[:length], same[:length])


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_rows_are_picked_with_probability_p(p: float) -> None:
    x = np.arange(8000.0).reshape(4000, 1, 2)
    share = np.any(au.HorizontalFlip(p)(x, rng=rng()) != x, axis=(1, 2)).mean()
    assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / 4000)


def test_settings_show() -> None:
    shown = [repr(make(0.5)) for make, _ in MADE.values()]
    assert shown[0] == "HorizontalFlip(p=0.5)" and shown[7] == "DeleteWords(p=0.5)"
    assert shown[1] == "RandomCrop(padding=4, fill=0.0, p=0.5)"
    assert shown[8] == "ReplaceSynonyms(table of 30 words, p=0.5)"
    assert len(set(shown)) == len(shown) and all("p=0.5" in text for text in shown)


class Half(au.Augmentation):
    """Half of each row."""

    p = 1.0

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return row / 2


def test_a_new_one_says_what_becomes_of_a_row() -> None:
    assert np.array_equal(Half()(WAVES, rng=rng()), WAVES / 2)


FLOATS = PICTURES / 255.0
REFUSED: list[tuple[Any, type[FusegradError], str]] = [
    (lambda g: au.HorizontalFlip(1.5), OptionError, r"p in \[0, 1\], got p=1.5"),
    (lambda g: au.HorizontalFlip()(PICTURES.tolist(), rng=g), DTypeError, "a NumPy array of n"),
    (lambda g: au.HorizontalFlip()(PICTURES > 3, rng=g), DTypeError, "got bool; vary batches"),
    (lambda g: au.HorizontalFlip()(WAVES, rng=g), ShapeError, "a batch of 3 or 4 axes, got sh"),
    (lambda g: au.HorizontalFlip()(PICTURES, rng=None), DTypeError, "Generator"),
    (lambda g: au.AddNoise()(np.ones(5), rng=g), ShapeError, "a batch of 2 or more axes"),
    (lambda g: au.AddNoise()((WAVES, [1]), rng=g), ShapeError, "with 6 lengths, got 1 more"),
    (lambda g: au.AddNoise()((WAVES, LENGTHS, 1), rng=g), ShapeError, "got 2 more"),
    (lambda g: au.AddNoise()((WAVES, LENGTHS + 1), rng=g), OptionError, "lengths of 0 to 200"),
    (lambda g: au.AddNoise()((WAVES, LENGTHS * 0.1), rng=g), OptionError, "whole lengths of 0"),
    (lambda g: au.AddNoise(p=1.0)(FRAMES, rng=g), DTypeError, "sounds as floats, got uint8"),
    (lambda g: au.AddNoise((9.0, 1.0)), OptionError, "finite snr_db, or .inf, inf., got"),
    (lambda g: au.AddNoise((9.0, np.inf)), OptionError, "finite snr_db"),
    (lambda g: au.AddNoise((np.nan, 1.0)), OptionError, "finite snr_db"),
    (lambda g: au.Augmentation.changed(Half(), WAVES, g), OptionError, "a changed method"),
    (lambda g: au.WordAugmentation().changed(IDS, g), OptionError, "a changed method, got n"),
    (lambda g: au.RandomCrop(-1), OptionError, "a padding of 0 or more pixels, got padding=-1"),
    (lambda g: au.RandomErasing(area=(0.5, 0.1)), OptionError, "0 <= area <= 1 and 0 < aspect"),
    (lambda g: au.RandomErasing(aspect=(0, 1)), OptionError, "0 <= area <= 1 and 0 < aspect"),
    (lambda g: au.ColourJitter(-0.1), OptionError, "brightness >= 0, got brightness=-0.1"),
    (lambda g: au.ColourJitter()(PICTURES[..., :2], rng=g), ShapeError, r"\(B, 16, 12, 2\)"),
    (lambda g: au.ColourJitter()(FLOATS - 0.5, rng=g), OptionError, r"floats in \[0, 1\], got"),
    (lambda g: au.SpecAugment(-1), OptionError, "freq_mask of 0 or more, got freq_mask=-1"),
    (lambda g: au.SpecAugment(num_time=0.5), OptionError, "num_time of 0 or more"),
    (lambda g: au.SpecAugment(time_axis=0), OptionError, "time_axis 1 or 2, got time_axis=0"),
    (lambda g: au.SpecAugment(time_share=2), OptionError, r"time_share in \[0, 1\]"),
    (lambda g: au.SpecAugment()(WAVES, rng=g), ShapeError, "a batch of 3 axes"),
    (lambda g: au.TimeShift(-0.1), OptionError, r"most in \[0, 1\], got most=-0.1"),
    (lambda g: au.DeleteWords(2), OptionError, r"p in \[0, 1\], got p=2"),
    (lambda g: au.DeleteWords()(IDS, rng=g), DTypeError, "a tuple .words, lengths. or .words"),
    (lambda g: au.SwapWords()((IDS, ENDS + 1), rng=g), OptionError, "lengths of 0 to 12"),
    (lambda g: au.ReplaceSynonyms({4: ()}), OptionError, "got none for 4; leave that word out"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_not_so_is_refused(call: Any, error: type[FusegradError], text: str) -> None:
    with pytest.raises(error, match=text):
        call(rng())
