"""Pictures, varied: what each formula says, and how often."""

from __future__ import annotations

import numpy as np
import pytest

from fusegrad.multimodal import augment as au


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_flip_mirrors_columns_and_keeps_channels() -> None:
    x = rng().integers(0, 256, (3, 4, 5, 2)).astype(np.uint8)
    assert np.array_equal(au.HorizontalFlip(1.0)(x, rng=rng()), x[:, :, ::-1])


def test_a_crop_moves_the_picture_and_every_place_is_as_likely() -> None:
    x = np.arange(1, 31, dtype=np.int64).reshape(1, 5, 6).repeat(8100, axis=0)
    found = au.RandomCrop(4, fill=-7)(x, rng=rng())
    wide = np.pad(x[0], 4, constant_values=-7)
    places = {(i, j): wide[i : i + 5, j : j + 6] for i in range(9) for j in range(9)}
    counts = {p: np.all(found == part, axis=(1, 2)).sum() for p, part in places.items()}
    assert sum(counts.values()) == 8100
    assert all(abs(n - 100) < 6 * np.sqrt(100) for n in counts.values())
    assert np.array_equal(au.RandomCrop(0)(x[:9], rng=rng()), x[:9])


def erased(x: np.ndarray, found: np.ndarray) -> list[tuple[int, int]]:
    """Height and width of what changed, which is a full rectangle."""
    sizes = []
    for old, new in zip(x, found):
        different = (old != new).any(axis=-1)
        rows, columns = different.any(axis=1), different.any(axis=0)
        box = different[np.ix_(rows, columns)]
        assert box.mean() > 0.9 or not box.size  # noise may hit a value by chance
        for line in (np.flatnonzero(rows), np.flatnonzero(columns)):
            assert np.all(np.diff(line) == 1)
        sizes.append((int(rows.sum()), int(columns.sum())))
    return sizes


def test_an_erased_rectangle_has_the_area_and_aspect_that_was_asked_for() -> None:
    x = rng().random((400, 40, 50, 3))
    found = au.RandomErasing(1.0)(x, rng=rng())
    assert found.min() >= 0 and found.max() <= 1
    area = np.array([h * w / 2000 for h, w in erased(x, found)])
    assert area.min() > 0.015 and area.max() < 0.43  # sides are rounded
    square = au.RandomErasing(1.0, area=(0.04, 0.36), aspect=(1.0, 1.0))(x, rng=rng())
    sides = np.array(erased(x, square))
    assert np.array_equal(sides[:, 0], sides[:, 1])
    share = (sides[:, 0] ** 2 / 2000).mean()  # area is uniform on .04 .. .36
    assert abs(share - 0.2) < 5 * 0.32 / np.sqrt(12 * 400) + 0.005


def test_erasing_fills_with_noise_in_range_or_with_a_number() -> None:
    x = rng().integers(10, 21, (50, 12, 12, 1)).astype(np.uint8)
    noise = au.RandomErasing(1.0, (0.3, 0.4))(x, rng=rng())
    assert noise.min() == 10 and noise.max() == 20
    black = au.RandomErasing(1.0, (0.3, 0.4), fill=0)(x, rng=rng())
    assert 0.2 < (black == 0).mean() < 0.45
    wide = x[:, :1]  # nothing of this height fits: it stays
    assert np.array_equal(au.RandomErasing(1.0, (0.9, 1.0), (9.0, 9.0))(wide, rng=rng()), wide)


def only(**level: float) -> au.ColourJitter:
    return au.ColourJitter(**{"brightness": 0, "contrast": 0, "saturation": 0, **level})


GREY = np.array([0.299, 0.587, 0.114])


def test_colours_follow_their_formulas() -> None:
    x = 0.4 + 0.2 * rng().random((500, 4, 4, 3))  # far from 0 and 1: nothing is clipped
    bright, contrast, colour = (
        only(**{name: 0.3})(x, rng=rng()) for name in ("brightness", "contrast", "saturation")
    )
    factor = bright / x
    assert np.allclose(factor, factor[:, :1, :1, :1], rtol=1e-12)
    drawn = factor[:, 0, 0, 0]
    assert 0.7 <= drawn.min() < 0.71 and 1.29 < drawn.max() <= 1.3
    assert abs(drawn.mean() - 1) < 5 * 0.6 / np.sqrt(12 * 500)
    middle = (x @ GREY).mean(axis=(1, 2))[:, None, None, None]
    stretch = (contrast - middle) / (x - middle)
    assert np.allclose(stretch, np.median(stretch, axis=(1, 2, 3), keepdims=True), rtol=1e-6)
    grey = (x @ GREY)[..., None]
    assert np.allclose(colour @ GREY, x @ GREY, rtol=1e-12)
    ratio = (colour - grey) / (x - grey)
    assert np.allclose(ratio, np.median(ratio, axis=(1, 2, 3), keepdims=True), rtol=1e-6)


def test_colours_stay_in_range_and_levels_of_0_change_nothing() -> None:
    x = rng().integers(0, 256, (40, 5, 5, 3)).astype(np.uint8)
    strong = au.ColourJitter(2.0, 2.0, 2.0)(x, rng=rng())
    assert strong.dtype == np.uint8 and strong.min() == 0 and strong.max() == 255
    floats = au.ColourJitter(2.0, 2.0, 2.0)((x / 255).astype(np.float32), rng=rng())
    assert floats.min() == 0 and floats.max() == 1
    assert np.array_equal(only()(x, rng=rng()), x)
    plain = x[..., :1].repeat(3, axis=-1)
    assert np.array_equal(only(saturation=0.9)(plain, rng=rng()), plain)  # grey has no colour
    assert np.array_equal(only(saturation=0.9)(x[..., 0], rng=rng()), x[..., 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int16])
def test_chains_keep_dtypes(dtype: type) -> None:
    x = rng().random((5, 9, 9, 3)) if np.dtype(dtype).kind == "f" else np.ones((5, 9, 9, 3))
    steps = (au.HorizontalFlip(), au.RandomCrop(), au.RandomErasing(1.0), au.ColourJitter())
    assert au.Chain(*steps)(x.astype(dtype), rng=rng()).dtype == dtype
